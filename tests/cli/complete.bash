# Prints what bash completes for $LINE with the script $COMPLETIONS, a word per line.
source "$COMPLETIONS"
read -ra COMP_WORDS <<< "$LINE"
[[ $LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_binfiles
printf '%s\n' "${COMPREPLY[@]}"
