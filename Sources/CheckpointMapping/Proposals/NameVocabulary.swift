/// What the words in names of variables mean: different programs call the same things differently.
///
/// Collected from TensorFlow 1 and 2, Keras, PyTorch, JAX and the models published with them.
enum NameVocabulary {
  /// The words that a word stands for; most stand for themselves.
  static let meanings: [String: [String]] = [
    "attn": ["attention"], "atten": ["attention"], "mha": ["attention"],
    "q": ["query"], "k": ["key"], "v": ["value"], "o": ["output"], "out": ["output"],
    "layers": ["layer"], "blocks": ["block"], "heads": ["head"], "cells": ["cell"],
    "convolution": ["conv"], "convs": ["conv"], "conv1d": ["conv"], "conv2d": ["conv"],
    "conv3d": ["conv"], "fc": ["dense"], "linear": ["dense"], "logits": ["logit"],
    "bn": ["batch", "norm"], "batchnorm": ["batch", "norm"], "normalization": ["norm"],
    "ln": ["layer", "norm"], "layernorm": ["layer", "norm"],
    "ffn": ["mlp"], "feedforward": ["mlp"], "ff": ["mlp"],
    "emb": ["embedding"], "embed": ["embedding"], "embeddings": ["embedding"],
    "wte": ["word", "embedding"], "wpe": ["position", "embedding"],
    "pos": ["position"], "token": ["word"], "tok": ["word"],
    "enc": ["encoder"], "dec": ["decoder"], "classifier": ["head"], "cls": ["head"],
    "with": [], "the": [], "proj": [], "projection": [], "variables": [],
  ]

  /// What a variable is for within its layer.
  struct Role: OptionSet, Hashable {
    let rawValue: UInt8
    static let kernel = Role(rawValue: 1)
    static let bias = Role(rawValue: 2)
    static let gamma = Role(rawValue: 4)
    static let beta = Role(rawValue: 8)
    static let mean = Role(rawValue: 16)
    static let variance = Role(rawValue: 32)
    static let embedding = Role(rawValue: 64)
  }

  /// What the last word of a name may say of the variable's role.
  static let roles: [String: Role] = [
    "kernel": .kernel, "filters": .kernel, "filter": .kernel, "w": [.kernel, .embedding],
    "weight": [.kernel, .gamma, .embedding], "weights": [.kernel, .gamma, .embedding],
    "bias": [.bias, .beta], "biases": [.bias, .beta], "b": [.bias, .beta],
    "gamma": .gamma, "scale": .gamma, "g": .gamma, "beta": .beta, "offset": .beta, "shift": .beta,
    "mean": .mean, "variance": .variance, "var": .variance,
    "embedding": .embedding, "embeddings": .embedding, "table": .embedding, "wte": .embedding,
    "wpe": .embedding,
  ]

  /// The last component of a TensorFlow 1 name that makes it a slot variable, and the slot's name.
  ///
  /// Source: tensorflow/python/training, the optimizers' `_create_slots`.
  static let slots: [String: String] = [
    "Adam": "m", "Adam_1": "v", "AdamW": "m", "AdamW_1": "v", "adam_m": "m", "adam_v": "v",
    "AdaMax": "m", "AdaMax_1": "v", "LAMB": "m", "LAMB_1": "v",
    "Momentum": "momentum", "Adagrad": "accumulator", "Ftrl": "accumulator", "Ftrl_1": "linear",
    "RMSProp": "rms", "RMSProp_1": "momentum", "Adadelta": "accum_grad",
    "Adadelta_1": "accum_var", "ExponentialMovingAverage": "average", "exp_avg": "m",
    "exp_avg_sq": "v",
  ]
}
