# Types $LINE and Tab in an interactive zsh with the script $COMPLETIONS, and
# waits until $EXPECTED appears.
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source $COMPLETIONS"
# Split, so that the echoed command is not taken for its output.
zpty -w shell "setopt NO_AUTO_MENU LIST_ROWS_FIRST; print REA''DY"
zpty -r shell output '*READY*'
zpty -n -w shell "$LINE"$'\t'
zpty -r shell output "*$EXPECTED*"
print -r -- "found $EXPECTED"
zpty -d shell
