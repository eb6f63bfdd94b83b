# Prints what fish completes for $LINE with the script $COMPLETIONS, a word per line.
source $COMPLETIONS
complete -C "$LINE"
