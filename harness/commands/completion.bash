# Completion of dmtl's words in bash: the program that is being typed says which fit.
_dmtl() {
    local program=${COMP_WORDS[0]/#\~\//$HOME/} typed=${COMP_WORDS[COMP_CWORD]}
    local -a words=()
    local i word joins=
    # bash cuts words at = and : too; dmtl wants them whole.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == [=:]* && ${#words[@]} -gt 0 ]]; then
            words[-1]+=$word
            joins=1
        elif [[ $joins ]]; then
            words[-1]+=$word
            joins=
        else
            words+=("$word")
        fi
    done
    [[ $typed == [=:]* ]] && typed=
    # What bash puts an answer in place of is `typed`: what stands before it is cut off.
    local whole=${words[-1]} line glob prefix path
    local keep=${whole%"$typed"}
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        ":files "* | ":folders "*)
            IFS=' ' read -r _ glob prefix <<<"$line"
            compopt -o filenames
            while IFS= read -r path; do
                COMPREPLY+=("${prefix#"$keep"}$path")
            done < <(compgen -d -- "${whole#"$prefix"}"
                [[ $line == ":files "* ]] && compgen -f -X "!$glob" -- "${whole#"$prefix"}")
            ;;
        *)
            line=${line%%$'\t'*}
            [[ $line == *[=:/_] ]] && compopt -o nospace
            printf -v word %q "${line#"$keep"}"
            COMPREPLY+=("$word")
            ;;
        esac
    done < <("$program" completion words -- "${words[@]}" 2>/dev/null)
}
complete -F _dmtl dmtl
