/**
 * The shells' side of completion. Each script hands the words so far to `zk-pseudo __complete` and offers
 * what comes back: a candidate a line, with its description after a tab; `:file` and `:folder` ask the
 * shell's own.
 */

const bash = `# bash completion for zk-pseudo
_zk_pseudo() {
  local line word words=() joins=
  # Bash breaks words at colons, and follower:1 is one.
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ -n "$joins" || ( "$word" == :* && \${#words[@]} -gt 1 ) ]]; then words[-1]+="$word"; else words+=("$word"); fi
    joins=
    [[ "$word" == *: ]] && joins=1
  done
  local current="\${words[-1]}"
  local kept="\${current%"\${current##*:}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :file) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
      :folder) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
      *) line="\${line%%$'\\t'*}"; COMPREPLY+=("\${line#"$kept"}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _zk_pseudo zk-pseudo`

const zsh = `#compdef zk-pseudo
# zsh completion for zk-pseudo
_zk_pseudo() {
  local -a candidates
  local line
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :file) _files ;;
      :folder) _files -/ ;;
      ?*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe -V zk-pseudo candidates
}
compdef _zk_pseudo zk-pseudo`

const fish = `# fish completion for zk-pseudo
function __zk_pseudo_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    switch $line
      case ':file'
        __fish_complete_path "$current"
      case ':folder'
        __fish_complete_directories "$current"
      case '*'
        echo $line
    end
  end
end
complete -c zk-pseudo -f -a '(__zk_pseudo_complete)'`

export const completionScripts: ReadonlyMap<string, string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
])
