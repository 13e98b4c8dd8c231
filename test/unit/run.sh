#!/bin/sh
# Runs TAP programs and sums them up; their output stays beside them as *.tap.
# Failures and diagnostics are shown, passed checks are counted.
failed=0
for program in "$@"; do
	"$program" >"$program.tap" 2>"$program.err"
	status=$?
	passed=$(grep -c '^ok ' "$program.tap")
	broken=$(grep -c '^not ok ' "$program.tap")
	skipped=$(grep -c '^ok .*# SKIP' "$program.tap")
	printf '%-24s %5d ok, %d failed, %d skipped\n' \
		"$(basename "$program")" "$passed" "$broken" "$skipped"
	grep -E '^#|^ok .*# SKIP' "$program.tap" | sed 's/^/    /'
	if [ $status -ne 0 ] || [ "$broken" -ne 0 ] || ! grep -q '^1\.\.' "$program.tap"; then
		grep -A2 '^not ok ' "$program.tap"
		head -40 "$program.err"
		failed=1
	fi
done
exit $failed
