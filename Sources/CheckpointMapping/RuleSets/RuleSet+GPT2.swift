// Names: openai/gpt-2, src/model.py; and Hugging Face's GPT2Model, as the file gpt2 has them there. Its
// Conv1D has weights as TensorFlow's, [inputs, outputs].

extension KeyMapping.RuleSet {
  static let gpt2 = [
    KeyMapping.RuleSet(
      "gpt2", "GPT-2 of OpenAI, to Hugging Face's names",
      marks: [#"^model/wte$"#, #"^model/h0/attn/c_attn/w$"#],
      #"""
      [
        {"drop": {"regex": "/Adam(_1)?$|^(global_step|beta[12]_power)$"},
         "comment": "the optimizer, and the state of the run"},
        {"squeeze": [0], "of": {"regex": "/c_(attn|fc|proj)/w$"}},
        {"prefix": "model/", "to": ""},
        {"replace": "^h(\\d+)/", "with": "h/$1/"},
        {"replace": "^(wte|wpe)$", "with": "$1/weight"},
        {"replace": "/[wg]$", "with": "/weight"},
        {"replace": "/b$", "with": "/bias"},
        {"names": "dotted", "comment": "tied, and not stored: lm_head has the weight of wte"}
      ]
      """#),
    KeyMapping.RuleSet(
      "gpt2-to-tensorflow", "the way back of gpt2",
      marks: [#"^(transformer\.)?wte\.weight$"#, #"^(transformer\.)?h\.0\.attn\.c_attn\.weight$"#],
      #"""
      [
        {"drop": {"name": "lm_head.weight"}, "comment": "tied to wte"},
        {"drop": {"regex": "\\.attn\\.(masked_)?bias$"}, "comment": "the mask, which is no weight"},
        {"prefix": "transformer.", "to": ""},
        {"unsqueeze": [0], "of": {"regex": "\\.c_(attn|fc|proj)\\.weight$"}},
        {"replace": "\\.(c_attn|c_fc|c_proj)\\.weight$", "with": ".$1.w"},
        {"replace": "(^|\\.)(ln_1|ln_2|ln_f)\\.weight$", "with": "$1$2.g"},
        {"replace": "^(wte|wpe)\\.weight$", "with": "$1"},
        {"replace": "\\.bias$", "with": ".b"},
        {"replace": "^h\\.(\\d+)\\.", "with": "h$1."},
        {"prefix": "", "to": "model."},
        {"names": "slashed"}
      ]
      """#),
  ]
}
