// Names: google-research/albert, modeling.py, run_pretraining.py, run_classifier.py; and Hugging Face's
// AlbertForPreTraining, AlbertForSequenceClassification.

extension KeyMapping.RuleSet {
  static let albert = [
    KeyMapping.RuleSet(
      "albert", "ALBERT of google-research, to Hugging Face's names",
      marks: ["bert/encoder/transformer/group_0/inner_group_0/attention_1/self/query/kernel$"],
      #"""
      [
        {"drop": {"regex": "/((adam|lamb)_[mv]|Adam(_1)?)$"},
         "comment": "what the optimizer keeps for each weight"},
        {"drop": {"regex": "^(global_step|beta[12]_power)$"}, "comment": "the state of the run"},
        {"prefix": "module/", "to": "", "comment": "TensorFlow Hub's scope"},
        {"transpose": [1, 0], "of": {"suffix": "/kernel"}},
        {"replace": "^output_(weights|bias)$", "with": "classifier/output_$1",
         "comment": "run_classifier.py"},
        {"prefix": "bert/", "to": "albert/"},
        {"replace": "/transformer/group_(\\d+)/inner_group_(\\d+)/",
         "with": "/albert_layer_groups/$1/albert_layers/$2/"},
        {"replace": "/attention_1/(self|output)/", "with": "/attention/"},
        {"replace": "/ffn_1/intermediate/dense/", "with": "/ffn/"},
        {"replace": "/ffn_1/intermediate/output/dense/", "with": "/ffn_output/"},
        {"replace": "(/albert_layers/\\d+)/LayerNorm/", "with": "$1/attention/LayerNorm/"},
        {"replace": "/LayerNorm_1/", "with": "/full_layer_layer_norm/"},
        {"prefix": "albert/pooler/dense/", "to": "albert/pooler/"},
        {"replace": "^cls/predictions/(transform/)?", "with": "predictions/"},
        {"prefix": "cls/seq_relationship/", "to": "sop_classifier/classifier/"},
        {"replace": "_embeddings$", "with": "_embeddings/weight"},
        {"replace": "/(kernel|gamma|output_weights)$", "with": "/weight"},
        {"replace": "/(beta|output_bias)$", "with": "/bias"},
        {"names": "dotted",
         "comment": "tied, not stored: predictions.decoder, to word_embeddings and predictions.bias"}
      ]
      """#),
    KeyMapping.RuleSet(
      "albert-to-tensorflow", "the way back of albert",
      marks: [
        #"^albert\.encoder\.albert_layer_groups\.0\.albert_layers\.0\.attention\.query\.weight$"#
      ],
      #"""
      [
        {"drop": {"prefix": "predictions.decoder."},
         "comment": "tied to the word embeddings, and to the bias of predictions"},
        {"drop": {"suffix": ".position_ids"}, "comment": "0, 1, 2 …"},
        {"replace": "\\.(full_layer_layer_norm|LayerNorm)\\.weight$", "with": ".$1.gamma"},
        {"replace": "\\.(full_layer_layer_norm|LayerNorm)\\.bias$", "with": ".$1.beta"},
        {"replace": "_embeddings\\.weight$", "with": "_embeddings"},
        {"replace": "^predictions\\.bias$", "with": "cls.predictions.output_bias"},
        {"replace": "^predictions\\.(dense|LayerNorm)\\.", "with": "cls.predictions.transform.$1."},
        {"replace": "^(sop_classifier\\.)?classifier\\.weight$", "with": "$1output_weights"},
        {"replace": "^(sop_classifier\\.)?classifier\\.bias$", "with": "$1output_bias"},
        {"prefix": "sop_classifier.", "to": "cls.seq_relationship."},
        {"transpose": [1, 0], "of": {"suffix": ".weight"}},
        {"replace": "\\.weight$", "with": ".kernel"},
        {"prefix": "albert.pooler.", "to": "albert.pooler.dense."},
        {"replace": "\\.albert_layer_groups\\.(\\d+)\\.albert_layers\\.(\\d+)\\.",
         "with": ".transformer.group_$1.inner_group_$2."},
        {"replace": "\\.attention\\.LayerNorm\\.", "with": ".LayerNorm."},
        {"replace": "\\.full_layer_layer_norm\\.", "with": ".LayerNorm_1."},
        {"replace": "\\.attention\\.dense\\.", "with": ".attention_1.output.dense."},
        {"replace": "\\.attention\\.", "with": ".attention_1.self."},
        {"replace": "\\.ffn\\.", "with": ".ffn_1.intermediate.dense."},
        {"replace": "\\.ffn_output\\.", "with": ".ffn_1.intermediate.output.dense."},
        {"prefix": "albert.", "to": "bert."},
        {"names": "slashed"}
      ]
      """#),
  ]
}
