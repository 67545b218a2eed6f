#!/usr/bin/env python3
"""The variables of published architectures: names and shapes as the TensorFlow 1 programs of their authors
save them, and as PyTorch has them. Written from the published papers and programs, and needs neither.

    python3 architectures.py          writes a file of JSON for each, beside this script

Each file has "stored", what a checkpoint of the authors holds; "dropped", which names of these a rule set
leaves out; and "made", what it makes of the others.
"""

import json
import math
import os
import sys


class Architecture:
    """The variables of one model, on both sides."""

    def __init__(self, rule_set, back=None):
        self.rule_set = rule_set
        self.back = back or rule_set + "-to-tensorflow"
        self.stored = {}
        self.dropped = []
        self.made = {}

    def keep(self, name, shape, torch_name, torch_shape=None):
        self.stored[name] = list(shape)
        self.made[torch_name] = list(shape if torch_shape is None else torch_shape)

    def drop(self, name, shape):
        self.stored[name] = list(shape)
        self.dropped.append(name)

    def slots(self, *suffixes, of=None):
        """What an optimizer adds to some of the weights."""
        names = [n for n in self.stored if n not in self.dropped]
        for name in names if of is None else [n for n in names if of(n)]:
            for suffix in suffixes:
                self.drop(name + suffix, self.stored[name])

    def linear(self, name, torch_name, inputs, outputs, bias=True):
        self.keep(name + "/kernel", [inputs, outputs], torch_name + ".weight", [outputs, inputs])
        if bias:
            self.keep(name + "/bias", [outputs], torch_name + ".bias")

    def norm(self, name, torch_name, size):
        self.keep(name + "/gamma", [size], torch_name + ".weight")
        self.keep(name + "/beta", [size], torch_name + ".bias")

    def conv(self, name, torch_name, height, width, inputs, outputs):
        self.keep(name, [height, width, inputs, outputs], torch_name, [outputs, inputs, height, width])

    def depthwise(self, name, torch_name, size, channels):
        self.keep(name, [size, size, channels, 1], torch_name, [channels, 1, size, size])

    def batch_norm(self, name, torch_name, size, scale=True):
        if scale:
            self.keep(name + "/gamma", [size], torch_name + ".weight")
        self.keep(name + "/beta", [size], torch_name + ".bias")
        self.keep(name + "/moving_mean", [size], torch_name + ".running_mean")
        self.keep(name + "/moving_variance", [size], torch_name + ".running_var")


# Texts.


def transformer_layer(a, tf, torch, hidden, intermediate):
    for part in ["query", "key", "value"]:
        a.linear(f"{tf}/attention/self/{part}", f"{torch}.attention.self.{part}", hidden, hidden)
    a.linear(f"{tf}/attention/output/dense", f"{torch}.attention.output.dense", hidden, hidden)
    a.norm(f"{tf}/attention/output/LayerNorm", f"{torch}.attention.output.LayerNorm", hidden)
    a.linear(f"{tf}/intermediate/dense", f"{torch}.intermediate.dense", hidden, intermediate)
    a.linear(f"{tf}/output/dense", f"{torch}.output.dense", intermediate, hidden)
    a.norm(f"{tf}/output/LayerNorm", f"{torch}.output.LayerNorm", hidden)


def embeddings(a, tf, torch, vocabulary, positions, types, size):
    for name, count in [("word", vocabulary), ("position", positions), ("token_type", types)]:
        a.keep(f"{tf}/{name}_embeddings", [count, size], f"{torch}.{name}_embeddings.weight")
    a.norm(f"{tf}/LayerNorm", f"{torch}.LayerNorm", size)


def bert(layers=12, hidden=768, intermediate=3072, vocabulary=30522, positions=512, task="pretraining"):
    a = Architecture("bert")
    embeddings(a, "bert/embeddings", "bert.embeddings", vocabulary, positions, 2, hidden)
    for n in range(layers):
        transformer_layer(a, f"bert/encoder/layer_{n}", f"bert.encoder.layer.{n}", hidden, intermediate)
    a.linear("bert/pooler/dense", "bert.pooler.dense", hidden, hidden)
    if task == "pretraining":
        a.keep("cls/predictions/output_bias", [vocabulary], "cls.predictions.bias")
        a.linear("cls/predictions/transform/dense", "cls.predictions.transform.dense", hidden, hidden)
        a.norm("cls/predictions/transform/LayerNorm", "cls.predictions.transform.LayerNorm", hidden)
        a.keep("cls/seq_relationship/output_weights", [2, hidden], "cls.seq_relationship.weight")
        a.keep("cls/seq_relationship/output_bias", [2], "cls.seq_relationship.bias")
    elif task == "classifier":
        a.keep("output_weights", [3, hidden], "classifier.weight")
        a.keep("output_bias", [3], "classifier.bias")
    elif task == "squad":
        a.keep("cls/squad/output_weights", [2, hidden], "qa_outputs.weight")
        a.keep("cls/squad/output_bias", [2], "qa_outputs.bias")
    a.slots("/adam_m", "/adam_v", of=lambda n: "layer_" not in n or "layer_0/" in n)
    a.drop("global_step", [])
    return a


def albert(hidden=768, embedding=128, intermediate=3072, vocabulary=30000, positions=512):
    a = Architecture("albert")
    embeddings(a, "bert/embeddings", "albert.embeddings", vocabulary, positions, 2, embedding)
    a.linear("bert/encoder/embedding_hidden_mapping_in", "albert.encoder.embedding_hidden_mapping_in",
             embedding, hidden)
    tf = "bert/encoder/transformer/group_0/inner_group_0"
    torch = "albert.encoder.albert_layer_groups.0.albert_layers.0"
    for part in ["query", "key", "value"]:
        a.linear(f"{tf}/attention_1/self/{part}", f"{torch}.attention.{part}", hidden, hidden)
    a.linear(f"{tf}/attention_1/output/dense", f"{torch}.attention.dense", hidden, hidden)
    a.norm(f"{tf}/LayerNorm", f"{torch}.attention.LayerNorm", hidden)
    a.linear(f"{tf}/ffn_1/intermediate/dense", f"{torch}.ffn", hidden, intermediate)
    a.linear(f"{tf}/ffn_1/intermediate/output/dense", f"{torch}.ffn_output", intermediate, hidden)
    a.norm(f"{tf}/LayerNorm_1", f"{torch}.full_layer_layer_norm", hidden)
    a.linear("bert/pooler/dense", "albert.pooler", hidden, hidden)
    a.keep("cls/predictions/output_bias", [vocabulary], "predictions.bias")
    a.linear("cls/predictions/transform/dense", "predictions.dense", hidden, embedding)
    a.norm("cls/predictions/transform/LayerNorm", "predictions.LayerNorm", embedding)
    a.keep("cls/seq_relationship/output_weights", [2, hidden], "sop_classifier.classifier.weight")
    a.keep("cls/seq_relationship/output_bias", [2], "sop_classifier.classifier.bias")
    a.slots("/adam_m", "/adam_v")
    a.drop("global_step", [])
    return a


def electra(part="discriminator", layers=12, hidden=256, intermediate=1024, generator_hidden=64,
            generator_intermediate=256, embedding=128, vocabulary=30522, positions=512):
    """One checkpoint has the discriminator and the generator; the embeddings are those of both."""
    a = Architecture("electra" if part == "discriminator" else "electra-generator")
    d, g = Architecture(""), Architecture("")
    for n in range(layers):
        transformer_layer(d, f"electra/encoder/layer_{n}", f"electra.encoder.layer.{n}", hidden, intermediate)
        transformer_layer(g, f"generator/encoder/layer_{n}", f"electra.encoder.layer.{n}", generator_hidden,
                          generator_intermediate)
    if embedding != hidden:
        d.linear("electra/embeddings_project", "electra.embeddings_project", embedding, hidden)
        g.linear("generator/embeddings_project", "electra.embeddings_project", embedding, generator_hidden)
    d.linear("discriminator_predictions/dense", "discriminator_predictions.dense", hidden, hidden)
    d.linear("discriminator_predictions/dense_1", "discriminator_predictions.dense_prediction", hidden, 1)
    g.linear("generator_predictions/dense", "generator_predictions.dense", generator_hidden, embedding)
    g.norm("generator_predictions/LayerNorm", "generator_predictions.LayerNorm", embedding)
    g.keep("generator_predictions/output_bias", [vocabulary], "generator_lm_head.bias")
    embeddings(a, "electra/embeddings", "electra.embeddings", vocabulary, positions, 2, embedding)
    own, other = (d, g) if part == "discriminator" else (g, d)
    a.stored.update(own.stored)
    a.made.update(own.made)
    a.slots("/adam_m", "/adam_v", of=lambda n: "layer_" not in n or "layer_0/" in n)
    for name, shape in other.stored.items():
        a.drop(name, shape)
    a.drop("global_step", [])
    return a


def gpt2(layers=12, width=768, vocabulary=50257, positions=1024):
    a = Architecture("gpt2")
    a.keep("model/wte", [vocabulary, width], "wte.weight")
    a.keep("model/wpe", [positions, width], "wpe.weight")

    def norm(name, torch_name):
        a.keep(name + "/g", [width], torch_name + ".weight")
        a.keep(name + "/b", [width], torch_name + ".bias")

    def conv(name, torch_name, inputs, outputs):
        a.keep(name + "/w", [1, inputs, outputs], torch_name + ".weight", [inputs, outputs])
        a.keep(name + "/b", [outputs], torch_name + ".bias")

    for n in range(layers):
        norm(f"model/h{n}/ln_1", f"h.{n}.ln_1")
        conv(f"model/h{n}/attn/c_attn", f"h.{n}.attn.c_attn", width, 3 * width)
        conv(f"model/h{n}/attn/c_proj", f"h.{n}.attn.c_proj", width, width)
        norm(f"model/h{n}/ln_2", f"h.{n}.ln_2")
        conv(f"model/h{n}/mlp/c_fc", f"h.{n}.mlp.c_fc", width, 4 * width)
        conv(f"model/h{n}/mlp/c_proj", f"h.{n}.mlp.c_proj", 4 * width, width)
    norm("model/ln_f", "ln_f")
    return a


def t5(layers=12, width=768, heads=12, head=64, feed_forward=3072, vocabulary=32128, buckets=32, gated=False):
    a = Architecture("t5")
    a.keep("shared/embedding", [vocabulary, width], "shared.weight")

    def matrix(name, torch_name, inputs, outputs, suffix=""):
        a.keep(name + suffix, [inputs, outputs], torch_name + ".weight", [outputs, inputs])

    def attention(tf, torch, kind, layer, has_bias):
        for part, (inputs, outputs) in {
            "q": (width, heads * head), "k": (width, heads * head), "v": (width, heads * head),
            "o": (heads * head, width),
        }.items():
            matrix(f"{tf}/layer_{layer:03}/{kind}/{part}", f"{torch}.layer.{layer}.{kind}.{part}", inputs, outputs)
        if has_bias:
            matrix(f"{tf}/layer_{layer:03}/{kind}/relative_attention_bias",
                   f"{torch}.layer.{layer}.{kind}.relative_attention_bias", heads, buckets)
        norm(tf, torch, layer)

    def norm(tf, torch, layer):
        a.keep(f"{tf}/layer_{layer:03}/layer_norm/scale", [width], f"{torch}.layer.{layer}.layer_norm.weight")

    def dense(tf, torch, layer):
        for part in ["wi_0", "wi_1"] if gated else ["wi"]:
            matrix(f"{tf}/layer_{layer:03}/DenseReluDense/{part}", f"{torch}.layer.{layer}.DenseReluDense.{part}",
                   width, feed_forward, "/kernel")
        matrix(f"{tf}/layer_{layer:03}/DenseReluDense/wo", f"{torch}.layer.{layer}.DenseReluDense.wo",
               feed_forward, width, "/kernel")
        norm(tf, torch, layer)

    for n in range(layers):
        tf, torch = f"encoder/block_{n:03}", f"encoder.block.{n}"
        attention(tf, torch, "SelfAttention", 0, n == 0)
        dense(tf, torch, 1)
        tf, torch = f"decoder/block_{n:03}", f"decoder.block.{n}"
        attention(tf, torch, "SelfAttention", 0, n == 0)
        attention(tf, torch, "EncDecAttention", 1, False)
        dense(tf, torch, 2)
    for side in ["encoder", "decoder"]:
        a.keep(f"{side}/final_layer_norm/scale", [width], f"{side}.final_layer_norm.weight")
    if gated:
        matrix("decoder/logits", "lm_head", width, vocabulary, "/kernel")
    for name, shape in list(a.stored.items()):
        if len(shape) == 2:  # Adafactor has a sum for each row, and one for each column
            a.drop(name + "_slot_vr", shape[:1])
            a.drop(name + "_slot_vc", shape[1:])
        else:
            a.drop(name + "_slot_v", shape)
    a.drop("global_step", [])
    return a


def xlnet(layers=12, width=768, heads=12, head=64, feed_forward=3072, vocabulary=32000, summary=True):
    a = Architecture("xlnet")
    a.keep("model/transformer/word_embedding/lookup_table", [vocabulary, width], "transformer.word_embedding.weight")
    a.keep("model/transformer/mask_emb/mask_emb", [1, 1, width], "transformer.mask_emb")
    for name, shape in [("r_w_bias", [heads, head]), ("r_r_bias", [heads, head]), ("r_s_bias", [heads, head]),
                        ("seg_embed", [2, heads, head])]:
        for n in range(layers):
            a.keep(f"model/transformer/{name}", [layers] + shape, f"transformer.layer.{n}.rel_attn.{name}", shape)
    for n in range(layers):
        tf, torch = f"model/transformer/layer_{n}", f"transformer.layer.{n}"
        for part in "qkvro":
            a.keep(f"{tf}/rel_attn/{part}/kernel", [width, heads, head], f"{torch}.rel_attn.{part}")
        a.norm(f"{tf}/rel_attn/LayerNorm", f"{torch}.rel_attn.layer_norm", width)
        a.linear(f"{tf}/ff/layer_1", f"{torch}.ff.layer_1", width, feed_forward)
        a.linear(f"{tf}/ff/layer_2", f"{torch}.ff.layer_2", feed_forward, width)
        a.norm(f"{tf}/ff/LayerNorm", f"{torch}.ff.layer_norm", width)
    a.keep("model/lm_loss/bias", [vocabulary], "lm_loss.bias")
    if summary:
        a.linear("model/sequnece_summary/summary", "sequence_summary.summary", width, width)
    a.slots("/Adam", "/Adam_1", of=lambda n: "layer_" not in n or "layer_0/" in n)
    for name in ["beta1_power", "beta2_power", "global_step"]:
        a.drop(name, [])
    return a


# Pictures. An optimizer's slots are those of the first layers, to keep the files small.


def head(a, name, torch_name, inputs, classes):
    a.keep(name + "/weights", [1, 1, inputs, classes], torch_name + ".weight", [classes, inputs])
    a.keep(name + "/biases", [classes], torch_name + ".bias")


def slim_conv(a, name, torch_name, height, width, inputs, outputs, scale=True, parts=("convolution", "normalization")):
    a.conv(name + "/weights", f"{torch_name}.{parts[0]}.weight", height, width, inputs, outputs)
    a.batch_norm(name + "/BatchNorm", f"{torch_name}.{parts[1]}", outputs, scale)


def slim_depthwise(a, name, torch_name, channels):
    a.depthwise(name + "/depthwise_weights", torch_name + ".convolution.weight", 3, channels)
    a.batch_norm(name + "/BatchNorm", torch_name + ".normalization", channels)


def mobilenet_v1_layers(a, scope, width=1.0):
    channels = [max(8, int(width * n)) for n in [32, 64, 128, 128, 256, 256] + 6 * [512] + 2 * [1024]]
    slim_conv(a, f"{scope}/Conv2d_0", "mobilenet_v1.conv_stem", 3, 3, 3, channels[0])
    for n in range(1, 14):
        inputs, outputs = channels[n - 1], channels[n]
        slim_depthwise(a, f"{scope}/Conv2d_{n}_depthwise", f"mobilenet_v1.layer.{2 * n - 2}", inputs)
        slim_conv(a, f"{scope}/Conv2d_{n}_pointwise", f"mobilenet_v1.layer.{2 * n - 1}", 1, 1, inputs, outputs)
    return channels[-1]


def mobilenet_v1(width=1.0, classes=1001):
    a = Architecture("mobilenet-v1")
    channels = mobilenet_v1_layers(a, "MobilenetV1", width)
    head(a, "MobilenetV1/Logits/Conv2d_1c_1x1", "classifier", channels, classes)
    a.slots("/RMSProp", "/RMSProp_1", "/ExponentialMovingAverage",
            of=lambda n: "Conv2d_0" in n and "moving" not in n)
    a.drop("global_step", [])
    return a


def mobilenet_v2_layers(a, scope):
    layers = [(24, 6, 2), (32, 6, 3), (64, 6, 4), (96, 6, 3), (160, 6, 3), (320, 6, 1)]
    slim_conv(a, f"{scope}/Conv", "mobilenet_v2.conv_stem.first_conv", 3, 3, 3, 32)
    slim_depthwise(a, f"{scope}/expanded_conv/depthwise", "mobilenet_v2.conv_stem.conv_3x3", 32)
    slim_conv(a, f"{scope}/expanded_conv/project", "mobilenet_v2.conv_stem.reduce_1x1", 1, 1, 32, 16)
    inputs, n = 16, 0
    for outputs, factor, count in layers:
        for _ in range(count):
            tf, torch = f"{scope}/expanded_conv_{n + 1}", f"mobilenet_v2.layer.{n}"
            slim_conv(a, f"{tf}/expand", f"{torch}.expand_1x1", 1, 1, inputs, factor * inputs)
            slim_depthwise(a, f"{tf}/depthwise", f"{torch}.conv_3x3", factor * inputs)
            slim_conv(a, f"{tf}/project", f"{torch}.reduce_1x1", 1, 1, factor * inputs, outputs)
            inputs, n = outputs, n + 1
    slim_conv(a, f"{scope}/Conv_1", "mobilenet_v2.conv_1x1", 1, 1, 320, 1280)


def mobilenet_v2(classes=1001):
    a = Architecture("mobilenet-v2")
    mobilenet_v2_layers(a, "MobilenetV2")
    head(a, "MobilenetV2/Logits/Conv2d_1c_1x1", "classifier", 1280, classes)
    a.slots("/RMSProp", "/RMSProp_1", of=lambda n: "V2/Conv/" in n and "moving" not in n)
    a.drop("global_step", [])
    return a


RESNET_UNITS = {50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}


def resnet(version, depth, units=None, classes=None, width=64):
    a = Architecture(f"resnet-v{version}", f"resnet-v{version}-{depth}-to-tensorflow")
    scope = f"resnet_v{version}_{depth}"
    classes = classes or (1000 if version == 1 else 1001)

    def conv(name, torch_name, size, inputs, outputs, norm=None, bias=False):
        a.conv(name + "/weights", torch_name + ".weight", size, size, inputs, outputs)
        if bias:
            a.keep(name + "/biases", [outputs], torch_name + ".bias")
        if norm:
            a.batch_norm(name + "/BatchNorm", norm, outputs)

    conv(f"{scope}/conv1", "conv1", 7, 3, width, "bn1" if version == 1 else None, version == 2)
    inputs = width
    for block, count in enumerate(units or RESNET_UNITS[depth], 1):
        middle = width << (block - 1)
        for unit in range(1, count + 1):
            tf = f"{scope}/block{block}/unit_{unit}/bottleneck_v{version}"
            torch = f"layer{block}.{unit - 1}"
            if version == 1:
                if unit == 1:
                    conv(f"{tf}/shortcut", f"{torch}.downsample.0", 1, inputs, 4 * middle, f"{torch}.downsample.1")
                conv(f"{tf}/conv1", f"{torch}.conv1", 1, inputs, middle, f"{torch}.bn1")
                conv(f"{tf}/conv2", f"{torch}.conv2", 3, middle, middle, f"{torch}.bn2")
                conv(f"{tf}/conv3", f"{torch}.conv3", 1, middle, 4 * middle, f"{torch}.bn3")
            else:
                a.batch_norm(f"{tf}/preact", f"{torch}.bn1", inputs)
                if unit == 1:
                    conv(f"{tf}/shortcut", f"{torch}.downsample", 1, inputs, 4 * middle, bias=True)
                conv(f"{tf}/conv1", f"{torch}.conv1", 1, inputs, middle, f"{torch}.bn2")
                conv(f"{tf}/conv2", f"{torch}.conv2", 3, middle, middle, f"{torch}.bn3")
                conv(f"{tf}/conv3", f"{torch}.conv3", 1, middle, 4 * middle, bias=True)
            inputs = 4 * middle
    if version == 2:
        a.batch_norm(f"{scope}/postnorm", "bn", inputs)
    head(a, f"{scope}/logits", "fc", inputs, classes)
    a.slots("/Momentum", of=lambda n: n.startswith(f"{scope}/conv1") and "moving" not in n)
    a.drop(f"{scope}/mean_rgb", [3])
    a.drop("global_step", [])
    return a


# Of each block: slim's name, torchvision's, height and width of the kernel, inputs, outputs.
def inception_v3_convolutions():
    for name, size, inputs, outputs in [("Conv2d_1a_3x3", 3, 3, 32), ("Conv2d_2a_3x3", 3, 32, 32),
                                        ("Conv2d_2b_3x3", 3, 32, 64), ("Conv2d_3b_1x1", 1, 64, 80),
                                        ("Conv2d_4a_3x3", 3, 80, 192)]:
        yield name, name, size, size, inputs, outputs
    for name, inputs, pool in [("Mixed_5b", 192, 32), ("Mixed_5c", 256, 64), ("Mixed_5d", 288, 64)]:
        five = ["Conv2d_0b_1x1", "Conv_1_0c_5x5"] if name == "Mixed_5c" else ["Conv2d_0a_1x1", "Conv2d_0b_5x5"]
        yield f"{name}/Branch_0/Conv2d_0a_1x1", f"{name}.branch1x1", 1, 1, inputs, 64
        yield f"{name}/Branch_1/{five[0]}", f"{name}.branch5x5_1", 1, 1, inputs, 48
        yield f"{name}/Branch_1/{five[1]}", f"{name}.branch5x5_2", 5, 5, 48, 64
        yield f"{name}/Branch_2/Conv2d_0a_1x1", f"{name}.branch3x3dbl_1", 1, 1, inputs, 64
        yield f"{name}/Branch_2/Conv2d_0b_3x3", f"{name}.branch3x3dbl_2", 3, 3, 64, 96
        yield f"{name}/Branch_2/Conv2d_0c_3x3", f"{name}.branch3x3dbl_3", 3, 3, 96, 96
        yield f"{name}/Branch_3/Conv2d_0b_1x1", f"{name}.branch_pool", 1, 1, inputs, pool
    yield "Mixed_6a/Branch_0/Conv2d_1a_1x1", "Mixed_6a.branch3x3", 3, 3, 288, 384
    yield "Mixed_6a/Branch_1/Conv2d_0a_1x1", "Mixed_6a.branch3x3dbl_1", 1, 1, 288, 64
    yield "Mixed_6a/Branch_1/Conv2d_0b_3x3", "Mixed_6a.branch3x3dbl_2", 3, 3, 64, 96
    yield "Mixed_6a/Branch_1/Conv2d_1a_1x1", "Mixed_6a.branch3x3dbl_3", 3, 3, 96, 96
    for name, n in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)]:
        yield f"{name}/Branch_0/Conv2d_0a_1x1", f"{name}.branch1x1", 1, 1, 768, 192
        yield f"{name}/Branch_1/Conv2d_0a_1x1", f"{name}.branch7x7_1", 1, 1, 768, n
        yield f"{name}/Branch_1/Conv2d_0b_1x7", f"{name}.branch7x7_2", 1, 7, n, n
        yield f"{name}/Branch_1/Conv2d_0c_7x1", f"{name}.branch7x7_3", 7, 1, n, 192
        yield f"{name}/Branch_2/Conv2d_0a_1x1", f"{name}.branch7x7dbl_1", 1, 1, 768, n
        yield f"{name}/Branch_2/Conv2d_0b_7x1", f"{name}.branch7x7dbl_2", 7, 1, n, n
        yield f"{name}/Branch_2/Conv2d_0c_1x7", f"{name}.branch7x7dbl_3", 1, 7, n, n
        yield f"{name}/Branch_2/Conv2d_0d_7x1", f"{name}.branch7x7dbl_4", 7, 1, n, n
        yield f"{name}/Branch_2/Conv2d_0e_1x7", f"{name}.branch7x7dbl_5", 1, 7, n, 192
        yield f"{name}/Branch_3/Conv2d_0b_1x1", f"{name}.branch_pool", 1, 1, 768, 192
    yield "Mixed_7a/Branch_0/Conv2d_0a_1x1", "Mixed_7a.branch3x3_1", 1, 1, 768, 192
    yield "Mixed_7a/Branch_0/Conv2d_1a_3x3", "Mixed_7a.branch3x3_2", 3, 3, 192, 320
    yield "Mixed_7a/Branch_1/Conv2d_0a_1x1", "Mixed_7a.branch7x7x3_1", 1, 1, 768, 192
    yield "Mixed_7a/Branch_1/Conv2d_0b_1x7", "Mixed_7a.branch7x7x3_2", 1, 7, 192, 192
    yield "Mixed_7a/Branch_1/Conv2d_0c_7x1", "Mixed_7a.branch7x7x3_3", 7, 1, 192, 192
    yield "Mixed_7a/Branch_1/Conv2d_1a_3x3", "Mixed_7a.branch7x7x3_4", 3, 3, 192, 192
    for name, inputs in [("Mixed_7b", 1280), ("Mixed_7c", 2048)]:
        tall = "Conv2d_0b_3x1" if name == "Mixed_7b" else "Conv2d_0c_3x1"
        yield f"{name}/Branch_0/Conv2d_0a_1x1", f"{name}.branch1x1", 1, 1, inputs, 320
        yield f"{name}/Branch_1/Conv2d_0a_1x1", f"{name}.branch3x3_1", 1, 1, inputs, 384
        yield f"{name}/Branch_1/Conv2d_0b_1x3", f"{name}.branch3x3_2a", 1, 3, 384, 384
        yield f"{name}/Branch_1/{tall}", f"{name}.branch3x3_2b", 3, 1, 384, 384
        yield f"{name}/Branch_2/Conv2d_0a_1x1", f"{name}.branch3x3dbl_1", 1, 1, inputs, 448
        yield f"{name}/Branch_2/Conv2d_0b_3x3", f"{name}.branch3x3dbl_2", 3, 3, 448, 384
        yield f"{name}/Branch_2/Conv2d_0c_1x3", f"{name}.branch3x3dbl_3a", 1, 3, 384, 384
        yield f"{name}/Branch_2/Conv2d_0d_3x1", f"{name}.branch3x3dbl_3b", 3, 1, 384, 384
        yield f"{name}/Branch_3/Conv2d_0b_1x1", f"{name}.branch_pool", 1, 1, inputs, 192
    yield "AuxLogits/Conv2d_1b_1x1", "AuxLogits.conv0", 1, 1, 768, 128
    yield "AuxLogits/Conv2d_2a_5x5", "AuxLogits.conv1", 5, 5, 128, 768


def inception_v3(classes=1001):
    a = Architecture("inception-v3")
    for name, torch_name, height, width, inputs, outputs in inception_v3_convolutions():
        slim_conv(a, f"InceptionV3/{name}", torch_name, height, width, inputs, outputs, False, ("conv", "bn"))
    head(a, "InceptionV3/AuxLogits/Conv2d_2b_1x1", "AuxLogits.fc", 768, classes)
    head(a, "InceptionV3/Logits/Conv2d_1c_1x1", "fc", 2048, classes)
    a.slots("/RMSProp", "/RMSProp_1", "/ExponentialMovingAverage",
            of=lambda n: "Conv2d_1a_3x3" in n and "moving" not in n)
    a.drop("global_step", [])
    return a


EFFICIENTNETS = {"b0": (1.0, 1.0), "b1": (1.0, 1.1), "b2": (1.1, 1.2), "b3": (1.2, 1.4), "b4": (1.4, 1.8),
                 "b5": (1.6, 2.2), "b6": (1.8, 2.6), "b7": (2.0, 3.1), "b8": (2.2, 3.6), "l2": (4.3, 5.3)}
# Repeats, kernel, stride, expansion, inputs, outputs: of each stage of b0.
EFFICIENTNET_STAGES = [(1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80),
                       (3, 5, 1, 6, 80, 112), (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320)]


def efficientnet_blocks(variant):
    """Kernel, stride, expansion, inputs and outputs of each block."""
    width, depth = EFFICIENTNETS[variant]
    for repeats, kernel, stride, expansion, inputs, outputs in EFFICIENTNET_STAGES:
        inputs, outputs = rounded(inputs * width), rounded(outputs * width)
        for n in range(math.ceil(repeats * depth)):
            yield kernel, stride if n == 0 else 1, expansion, inputs if n == 0 else outputs, outputs


def rounded(channels):
    new = max(8, int(channels + 4) // 8 * 8)
    return new + 8 if new < 0.9 * channels else new


def efficientnet(variant, classes=1000):
    a = Architecture("efficientnet", f"efficientnet-{variant}-to-tensorflow")
    scope, torch = f"efficientnet-{variant}", "efficientnet"
    width = EFFICIENTNETS[variant][0]
    norm = "tpu_batch_normalization"
    stem, top = rounded(32 * width), rounded(1280 * width)
    a.conv(f"{scope}/stem/conv2d/kernel", f"{torch}.embeddings.convolution.weight", 3, 3, 3, stem)
    a.batch_norm(f"{scope}/stem/{norm}", f"{torch}.embeddings.batchnorm", stem)
    for n, (kernel, _, expansion, inputs, outputs) in enumerate(efficientnet_blocks(variant)):
        tf, block = f"{scope}/blocks_{n}", f"{torch}.encoder.blocks.{n}"
        middle, reduced = inputs * expansion, max(1, inputs // 4)
        convs, norms = ["conv2d", "conv2d_1"], [norm, norm + "_1", norm + "_2"]
        if expansion != 1:
            a.conv(f"{tf}/{convs.pop(0)}/kernel", f"{block}.expansion.expand_conv.weight", 1, 1, inputs, middle)
            a.batch_norm(f"{tf}/{norms.pop(0)}", f"{block}.expansion.expand_bn", middle)
        a.depthwise(f"{tf}/depthwise_conv2d/depthwise_kernel", f"{block}.depthwise_conv.depthwise_conv.weight",
                    kernel, middle)
        a.batch_norm(f"{tf}/{norms.pop(0)}", f"{block}.depthwise_conv.depthwise_norm", middle)
        for name, part, one, two in [("conv2d", "reduce", middle, reduced), ("conv2d_1", "expand", reduced, middle)]:
            a.conv(f"{tf}/se/{name}/kernel", f"{block}.squeeze_excite.{part}.weight", 1, 1, one, two)
            a.keep(f"{tf}/se/{name}/bias", [two], f"{block}.squeeze_excite.{part}.bias")
        a.conv(f"{tf}/{convs.pop(0)}/kernel", f"{block}.projection.project_conv.weight", 1, 1, middle, outputs)
        a.batch_norm(f"{tf}/{norms.pop(0)}", f"{block}.projection.project_bn", outputs)
    a.conv(f"{scope}/head/conv2d/kernel", f"{torch}.encoder.top_conv.weight", 1, 1, outputs, top)
    a.batch_norm(f"{scope}/head/{norm}", f"{torch}.encoder.top_bn", top)
    a.linear(f"{scope}/head/dense", "classifier", top, classes)
    a.slots("/RMSProp", "/RMSProp_1", of=lambda n: "/stem/" in n and "moving" not in n)
    a.drop("global_step", [])
    return a


def ssd(version, classes=91):
    a = Architecture(f"ssd-mobilenet-v{version}")
    scope = f"FeatureExtractor/MobilenetV{version}"
    if version == 1:
        mobilenet_v1_layers(a, scope)
        maps, lead = [512, 1024], "Conv2d_13_pointwise"
    else:
        mobilenet_v2_layers(a, scope)
        maps, lead = [576, 1280], "layer_19"
    for n, (one, two) in enumerate([(256, 512), (128, 256), (128, 256), (64, 128)]):
        slim_conv(a, f"{scope}/{lead}_1_Conv2d_{n + 2}_1x1_{one}", f"extra_layers.{n}.0", 1, 1, maps[-1], one)
        slim_conv(a, f"{scope}/{lead}_2_Conv2d_{n + 2}_3x3_s2_{two}", f"extra_layers.{n}.1", 3, 3, one, two)
        maps.append(two)
    for n, channels in enumerate(maps):
        boxes = 3 if n == 0 else 6
        for name, part, size in [("BoxEncodingPredictor", "box_encoding", 4), ("ClassPredictor", "class_scores", classes)]:
            tf, torch = f"BoxPredictor_{n}/{name}", f"box_predictors.{n}.{part}"
            a.conv(tf + "/weights", torch + ".weight", 1, 1, channels, boxes * size)
            a.keep(tf + "/biases", [boxes * size], torch + ".bias")
    a.slots("/RMSProp", "/RMSProp_1", of=lambda n: n.startswith("BoxPredictor_0"))
    a.drop("global_step", [])
    return a


ALL = {
    "bert-base": bert,
    "bert-classifier": lambda: bert(layers=2, task="classifier"),
    "bert-squad": lambda: bert(layers=2, task="squad"),
    "albert-base": albert,
    "electra-small": electra,
    "electra-small-generator": lambda: electra(part="generator"),
    "gpt2-117M": gpt2,
    "t5-base": t5,
    "t5-1.1-small": lambda: t5(layers=8, width=512, heads=6, feed_forward=1024, gated=True),
    "xlnet-base": xlnet,
    "mobilenet-v1": mobilenet_v1,
    "mobilenet-v2": mobilenet_v2,
    **{f"resnet-v{v}-{d}": lambda v=v, d=d: resnet(v, d) for v in [1, 2] for d in RESNET_UNITS},
    "inception-v3": inception_v3,
    **{f"efficientnet-{v}": lambda v=v: efficientnet(v) for v in EFFICIENTNETS},
    "ssd-mobilenet-v1": lambda: ssd(1),
    "ssd-mobilenet-v2": lambda: ssd(2),
}


def text(a):
    def members(shapes):
        return ",\n".join(f"    {json.dumps(n)}: {json.dumps(s)}" for n, s in sorted(shapes.items()))

    dropped = ",\n".join(f"    {json.dumps(n)}" for n in sorted(a.dropped))
    return (f'{{\n  "rule_set": "{a.rule_set}",\n  "back": "{a.back}",\n  "stored": {{\n{members(a.stored)}\n  }},\n'
            f'  "dropped": [\n{dropped}\n  ],\n  "made": {{\n{members(a.made)}\n  }}\n}}\n')


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, make in ALL.items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            with open(os.path.join(folder, name + ".json"), "w") as file:
                file.write(text(make()))
