// Source: zshcompsys(1), `_arguments` and `_describe`.
extension CompletionScript {
  /// The script of zsh.
  static func zsh(_ grammar: CompletedGrammar) -> String {
    let names = grammar.commands.map { "    \(quoted("\($0.name):\($0.summary)"))\n" }
    return """
      #compdef checkpoint
      # zsh completion of 'checkpoint'; made by 'checkpoint completions zsh'.
      _checkpoint_paths() {
        local -a prefixes
        prefixes=(${~PREFIX}*.index(N:r))
        compadd -f -- $prefixes
        if (( $#prefixes )); then _files -F '*.(index|data-*-of-*)'; else _files; fi
      }
      _checkpoint() {
        local -a commands
        commands=(
      \(names.joined())  )
        if ((CURRENT == 2)); then
          _describe -t commands command commands
          \(arguments(grammar.options, operands: nil))
          return
        fi
        local command=$words[2]
        shift words
        ((CURRENT--))
        case $command in
      \(grammar.commands.map(choice).joined())  esac
      }
      if [[ $funcstack[1] == _checkpoint ]]; then _checkpoint "$@"; else compdef _checkpoint checkpoint; fi

      """
  }

  private static func choice(_ command: CompletedGrammar.Command) -> String {
    let operands =
      switch command.operands {
      case .files: "*:checkpoint:_checkpoint_paths"
      case .words(let words): "1:word:(\(words.joined(separator: " ")))"
      }
    return "    \(command.name)) \(arguments(command.options, operands: operands)) ;;\n"
  }

  private static func arguments(_ options: [Synopsis.Option], operands: String?) -> String {
    let specifications = options.map(specification) + (operands.map { [$0] } ?? [])
    return "_arguments " + specifications.map(quoted).joined(separator: " ")
  }

  // A long option has its value after '=' or as the next word, a short one as the next word.
  private static func specification(_ option: Synopsis.Option) -> String {
    let help = option.help.map { $0 == "]" ? "\\]" : String($0) }.joined()
    guard let value = option.value else { return "*\(option.name)[\(help)]" }
    let sign = option.name.hasPrefix("--") ? "=" : ""
    return "*\(option.name)\(sign)[\(help)]:\(value):_files"
  }
}
