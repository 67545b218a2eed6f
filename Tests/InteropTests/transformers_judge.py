#!/usr/bin/env python3
"""Hugging Face's transformers, the judge of rule sets: it loads TensorFlow 1 checkpoints itself.

    transformers_judge.py make DIRECTORY      a checkpoint of random weights for each architecture
    transformers_judge.py compare DIRECTORY   what transformers makes of it, and what of model.safetensors

Names and shapes are those of architectures.py, in small; the answer is JSON.
"""

import contextlib
import importlib.util
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def architectures():
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, "../CheckpointsTests/Architectures/architectures.py")
    spec = importlib.util.spec_from_file_location("architectures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SMALL = dict(layers=3, hidden=12, intermediate=20, vocabulary=40, positions=16)


def variables():
    """The variables of each architecture, in small."""
    a = architectures()
    albert = dict(hidden=12, embedding=8, intermediate=20, vocabulary=40, positions=16)
    electra = dict(SMALL, generator_hidden=4, generator_intermediate=10, embedding=8)
    t5 = dict(layers=2, width=12, heads=2, head=4, feed_forward=20, vocabulary=40, buckets=8)
    return {
        "bert": a.bert(**SMALL),
        "albert": a.albert(**albert),
        "electra": a.electra(**electra),
        "electra-generator": a.electra(part="generator", **electra),
        "gpt2": a.gpt2(layers=3, width=12, vocabulary=40, positions=16),
        "t5": a.t5(**t5),
        "t5-gated": a.t5(gated=True, **t5),
        "xlnet": a.xlnet(layers=3, width=12, heads=2, head=6, feed_forward=20, vocabulary=40,
                         summary=False),
    }


def make(directory):
    import numpy as np
    import tensorflow as tf

    for name, architecture in variables().items():
        random = np.random.default_rng(len(name))
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            for variable, shape in architecture.stored.items():
                tf.compat.v1.get_variable(
                    variable, initializer=random.standard_normal(shape).astype(np.float32))
            session.run(tf.compat.v1.global_variables_initializer())
            tf.compat.v1.train.Saver().save(
                session, os.path.join(directory, name, "model.ckpt"), write_meta_graph=False)
    return {name: {"rule_set": a.rule_set, "back": a.back, "dropped": a.dropped}
            for name, a in variables().items()}


def models():
    """For each architecture a model, and what loads a TensorFlow checkpoint into it."""
    import transformers as t
    from transformers.models.albert.modeling_albert import load_tf_weights_in_albert
    from transformers.models.bert.modeling_bert import load_tf_weights_in_bert
    from transformers.models.electra.modeling_electra import load_tf_weights_in_electra
    from transformers.models.gpt2.modeling_gpt2 import load_tf_weights_in_gpt2
    from transformers.models.t5.modeling_t5 import load_tf_weights_in_t5
    from transformers.models.xlnet.modeling_xlnet import load_tf_weights_in_xlnet

    sizes = dict(vocab_size=40, hidden_size=12, num_attention_heads=2, intermediate_size=20,
                 max_position_embeddings=16, num_hidden_layers=3)
    discriminator = t.ElectraConfig(**sizes, embedding_size=8)
    generator = t.ElectraConfig(**dict(sizes, hidden_size=4, intermediate_size=10), embedding_size=8)
    t5 = dict(vocab_size=40, d_model=12, num_heads=2, d_kv=4, d_ff=20, num_layers=2,
              relative_attention_num_buckets=8)
    gated = t.T5Config(**t5, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    return {
        "bert": (t.BertForPreTraining, t.BertConfig(**sizes), load_tf_weights_in_bert),
        "albert": (t.AlbertForPreTraining, t.AlbertConfig(**sizes, embedding_size=8), load_tf_weights_in_albert),
        "electra": (t.ElectraForPreTraining, discriminator, load_tf_weights_in_electra),
        "electra-generator": (t.ElectraForMaskedLM, generator,
                              lambda m, c, p: load_tf_weights_in_electra(m, c, p, "generator")),
        "gpt2": (t.GPT2Model, t.GPT2Config(vocab_size=40, n_embd=12, n_head=2, n_layer=3, n_positions=16),
                 load_tf_weights_in_gpt2),
        "t5": (t.T5ForConditionalGeneration, t.T5Config(**t5), load_tf_weights_in_t5),
        "t5-gated": (t.T5ForConditionalGeneration, gated, load_tf_weights_in_t5),
        "xlnet": (t.XLNetLMHeadModel, t.XLNetConfig(vocab_size=40, d_model=12, n_layer=3, n_head=2, d_inner=20),
                  load_tf_weights_in_xlnet),
    }


def compare(directory):
    import torch
    from safetensors.torch import load_file

    answer = {}
    for name, (model, config, load) in models().items():
        folder = os.path.join(directory, name)
        torch.manual_seed(1)
        theirs = model(config)
        load(theirs, config, os.path.join(folder, "model.ckpt"))
        torch.manual_seed(2)
        ours = model(config)
        tensors = load_file(os.path.join(folder, "model.safetensors"))
        unexpected = ours.load_state_dict(tensors, strict=False).unexpected_keys
        for one in [theirs, ours]:
            one.tie_weights()
        wanted, found = theirs.state_dict(), ours.state_dict()
        answer[name] = {
            "compared": len(wanted),
            "different": [key for key in wanted if not torch.equal(wanted[key], found[key])],
            "unexpected": list(unexpected),
        }
    return answer


if __name__ == "__main__":
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        result = {"make": make, "compare": compare}[sys.argv[1]](sys.argv[2])
    print(json.dumps(result))
