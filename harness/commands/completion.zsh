#compdef dmtl
# Completion of dmtl's words in zsh: the program that is being typed says which fit.
_dmtl() {
    local program=${words[1]/#\~\//$HOME/} line glob prefix
    local -a open closed opened shut
    for line in ${(f)"$($program completion words -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
        case $line in
        (":files "* | ":folders "*)
            glob=${${(s: :)line}[2]}
            prefix=${line#* * }
            if [[ $line == ":files "* ]]; then
                compset -P "${(b)prefix}"
                _files -g "$glob"
            else
                compset -P "${(b)prefix}"
                _files -/
            fi
            ;;
        (*)
            if [[ ${line%%$'\t'*} == *[=:/_] ]]; then
                opened+=("${line%%$'\t'*}")
                open+=("${line%%$'\t'*}  ${line#*$'\t'}")
            else
                shut+=("${line%%$'\t'*}")
                closed+=("${line%%$'\t'*}  ${line#*$'\t'}")
            fi
            ;;
        esac
    done
    (( $#opened )) && compadd -l -S '' -d open -a opened
    (( $#shut )) && compadd -l -d closed -a shut
}
if [[ $funcstack[1] == _dmtl ]]; then
    _dmtl "$@"
else
    compdef _dmtl dmtl
fi
