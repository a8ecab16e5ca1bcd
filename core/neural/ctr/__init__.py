"""Click-through models, one paper a file, all over the same embedded fields: what a lead does, from its fields alone.

layers     fields as embeddings, the linear term, the deep part
wide_deep  Wide & Deep            deepfm   DeepFM           xdeepfm  xDeepFM
dcn        DCN                    dcn_v2   DCN V2 (DCN-M)   autoint  AutoInt
models     all six by key, their loss and their answer
"""
