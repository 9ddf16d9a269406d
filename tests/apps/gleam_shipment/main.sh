# A shipment of Gleam's through its entrypoint.sh.
[ -x /mnt/shipment/entrypoint.sh ] || { echo "no shipment"; exit 0; }
ledger() { /mnt/shipment/entrypoint.sh run "$@" && echo "exit 0" || echo "exit $?"; }
ledger balance <<'IN'
in 1200 wages
out 300 rent
out x water
out 0 nothing

earn 12 money
out 45 tea—œuf
IN
ledger balance </dev/null
ledger
ledger echo a "b c" 'd"e' -noshell -s init stop ünï +S 1 --
ledger panic
ledger crash
ledger store "$PWD/entries.txt"
ledger store "$PWD/no/such/folder"
ledger exit
/mnt/shipment/entrypoint.sh || echo "exit $?"
