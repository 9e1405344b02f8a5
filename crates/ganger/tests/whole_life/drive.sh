# Drives one item for each line of standard input from ticket to pushed branches, by rule: plans are approved as read,
# each question gets its first choice. Exit code 6 (no daemon, no disk) is tried again, 5 (not possible now) is somebody else's doing.
set -eu

ganger() {
    tries=0
    while :; do
        code=0
        "$GANGER" "$@" || code=$?
        case $code in
        6) tries=$((tries + 1)); [ $tries -lt 5 ] || return 6; sleep 1 ;;
        5) return 0 ;;
        *) return $code ;;
        esac
    done
}
field() { grep -o "\"$1\":\"[^\"]*\"" | cut -d'"' -f4; }

items=
while read -r ticket; do
    item=$(ganger new "$ticket")
    ganger start "$item"
    items="$items $item"
done
while :; do
    code=0
    ganger wait $items --for person,done --timeout 120s >/dev/null || code=$?
    case $code in 0) break ;; 3) ;; *) exit $code ;; esac
    for item in $items; do
        if ganger show "$item" --json=status | grep -q '"plan_review"'; then
            ganger approve "$item" --digest "$(ganger plan "$item" --json=plan | field digest)"
        fi
    done
    for decision in $(ganger inbox --json=handle,kind | grep -o '{[^{}]*"kind":"question"[^{}]*}' | field handle); do
        ganger answer "$decision" --choice 1
    done
done
ganger ls --all
