"""The torch room: nothing outside this folder imports torch, and no tensor leaves it.

embedded     the two models that ship, converted     backbones    the catalogue of language models
asllr        backbone + read-out + heads (drawing)   hpro         the losses
batches      token-budget batches                 packing      leads one behind another in rows
plans        how a device reads leads, from Engine   attention    over packed rows
states       leads through the frozen model, once    probe        heads fitted on frozen states
material     what the steps of a run share            choices      how fields enter, which head ranks
tuning       LoRA from those heads, as each process   trainer      a whole run, from leads to `Trained`
finetune     its loop                                 standing     where it stands, on disk
whole_batch  gradient of a batch, pairs and all       prefix       frozen layers once, kept on disk
workers      processes that train together            joining      how they come to a run
learner      what does not learn in half the memory, or shared out among processes (FSDP)
token_store  leads as tokens on disk, mapped          lesson       what is learned from, in which batches
checkpoints  the run folder                          scorer       run folder -> Scorer
merging      LoRA within the weights it adapts
comparing    why A stands above B                     teaching     which tier taught the ranking head what
gradients    integrated gradients                     parts        a score as a sum of parts
subject      one lead under one head, units left out  units        its fields and turns, by token and column
deletion     units really left out                    passes       a model that is looked into, in bounded memory
contributions what tokens gained, as fields, turns, words
one_pass, occlusion, shapley, relevance               other ways to give reasons; methods: all of them side by side
faithfulness which of them are the model's own
networks     small networks, fitted in one way    ctr/         six click-through models
funnel_networks/ ESMM, AITM                       pair_losses  BPR, LambdaRank, ListMLE, RCR
frozen       asLLR over frozen states             starts       where its heads begin
embedding    a lead in few numbers, for others    rivals       what the networks of a benchmark share
costs        made once, charged to every user
"""
