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
        "mobilenet-v1": a.mobilenet_v1(width=0.25, classes=11),
        "mobilenet-v2": a.mobilenet_v2(classes=11),
    }


def write_checkpoint(architecture, directory, value):
    """Saves variables as a TensorFlow 1 program does; `value` makes one of a random generator, a name and a
    shape."""
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(len(architecture.stored))
    names = sorted(architecture.stored)
    values = [np.asarray(value(random, name, architecture.stored[name]), np.float32) for name in names]
    os.makedirs(directory)
    # What tf.compat.v1.train.Saver runs.
    tf.raw_ops.SaveV2(prefix=os.path.join(directory, "model.ckpt"), tensor_names=names,
                      shape_and_slices=[""] * len(names), tensors=values)


def make(directory):
    answer = {}
    for name, architecture in variables().items():
        write_checkpoint(architecture, os.path.join(directory, name), lambda r, n, shape: r.standard_normal(shape))
        answer[name] = {"rule_set": architecture.rule_set, "back": architecture.back, "dropped": architecture.dropped}
    return answer


def models():
    """For each architecture a model, and what loads a TensorFlow checkpoint into it."""
    import transformers as t
    from transformers.models.albert.modeling_albert import load_tf_weights_in_albert
    from transformers.models.bert.modeling_bert import load_tf_weights_in_bert
    from transformers.models.electra.modeling_electra import load_tf_weights_in_electra
    from transformers.models.gpt2.modeling_gpt2 import load_tf_weights_in_gpt2
    from transformers.models.mobilenet_v1.modeling_mobilenet_v1 import load_tf_weights_in_mobilenet_v1
    from transformers.models.mobilenet_v2.modeling_mobilenet_v2 import load_tf_weights_in_mobilenet_v2
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
        "mobilenet-v1": (t.MobileNetV1ForImageClassification, t.MobileNetV1Config(depth_multiplier=0.25, num_labels=11),
                         load_tf_weights_in_mobilenet_v1),
        "mobilenet-v2": (t.MobileNetV2ForImageClassification, t.MobileNetV2Config(num_labels=11),
                         load_tf_weights_in_mobilenet_v2),
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
