extension CompletionScript {
  /// The script of bash.
  static func bash(_ grammar: CompletedGrammar) -> String {
    let first = grammar.commands.map(\.name) + grammar.options.map(\.name)
    let cases = grammar.commands.map { command in
      let options = command.options.map(\.name).joined(separator: " ")
      let words =
        switch command.operands {
        case .files: ""
        case .words(let words): " words='\(words.joined(separator: " "))'"
        }
      return "    \(command.name)) options='\(options)'\(words) ;;\n"
    }
    return """
      # bash completion of 'checkpoint'; made by 'checkpoint completions bash'.
      _checkpoint() {
        local word="${COMP_WORDS[COMP_CWORD]}" options='' words='' path
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          COMPREPLY=($(compgen -W '\(first.joined(separator: " "))' -- "$word"))
          return
        fi
        case "${COMP_WORDS[1]}" in
      \(cases.joined())  esac
        if [[ "$word" == -* ]]; then
          COMPREPLY=($(compgen -W "$options" -- "$word"))
          return
        fi
        if [[ -n "$words" ]]; then
          COMPREPLY=($(compgen -W "$words" -- "$word"))
          return
        fi
        compopt -o filenames 2>/dev/null
        while IFS= read -r path; do
          case "$path" in
            *.data-*-of-*) ;;
            *.index) COMPREPLY+=("${path%.index}") ;;
            *) COMPREPLY+=("$path") ;;
          esac
        done < <(compgen -f -- "$word")
      }
      complete -F _checkpoint checkpoint

      """
  }
}
