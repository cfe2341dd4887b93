# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# judge.sh - holds what record.sh brought back from a guest ($out) against its oracles. Each judge
# prints TAP, and leaves its cell of the truth table in $cell.
#
# shellcheck disable=SC2154 # set by check: entry, driver, out, top, pairs, tool, work

declare -A cell

oracle() { # NAME KEY
	awk -v k="$2" '$1 == k { print $2 }' "$out/$1.oracle"
}

# holds NAME JQ-CONDITION [jq option]...: true of $report.
holds() {
	local name=$1 condition=$2
	shift 2
	if jq -e "$@" "$condition" "$report" >/dev/null 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$condition is false; totals: $(jq -c .totals "$report" 2>&1)"
	fi
}

# What the work took by its own clock, to compare our latencies with: {map, unmap}, or {} for the lab.
clock_of() { # NAME
	if [ -e "$out/$1.same.json" ]; then
		jq -s '{map: {total_ns: (map(.map.total_ns) | add), max_ns: (map(.map.max_ns) | max)},
			unmap: {total_ns: (map(.unmap.total_ns) | add), max_ns: (map(.unmap.max_ns) | max)}}' \
			"$out/$1".{same,mixed}.json 2>/dev/null || true
	fi
}

# The counts of the model are those of the kernel's tracepoints; latencies fit into the ioctls', but for
# the few calls (before 7.x) by which VFIO tries out a domain at attach, outside any timed ioctl.
judge_counts() { # NAME
	local name=$1 op clock
	is "$entry $name: the workload ran" "$(oracle "$name" status)" 0
	is "$entry $name: the oracle lost nothing" "$(oracle "$name" overrun)" 0
	clock=$(clock_of "$name")
	for op in map unmap; do
		holds "$entry $name: $op calls = iommu:$op events ($(oracle "$name" $op))" \
			".totals.$op.calls == $(oracle "$name" $op) and .totals.$op.calls >= $pairs"
		holds "$entry $name: every $op timed, none failed" \
			".totals.$op.untimed == 0 and .totals.$op.errors == 0"
		[ -z "$clock" ] || holds "$entry $name: $op latency fits into the ioctls'" \
			".totals.$op | (.calls % $pairs) as \$tries | .mean_ns > 0 and
			 .mean_ns * .calls - \$tries * .max_ns <= \$clock.$op.total_ns and
			 (.max_ns <= \$clock.$op.max_ns or \$tries > 0)" --argjson clock "$clock"
		[ "$driver" != iommulab ] || holds "$entry $name: $op calls = those the driver counted" \
			"[.domains[] | select(.instance // \"\" | startswith(\"iommulab\")) | .$op.calls // 0] |
			 add == $(oracle "$name" driver-$op)"
	done
	[ "$driver" != smmuv3 ] || holds "$entry $name: each sync of a queue is told by the driver's tracepoint" \
		'(.plan[] | select(.function == "cmdq_sync")).state == "attached" and
		 ([.instances[] | .queue_sync | select(. and .untimed == 0 and .max_ns > 0) | .calls] |
		  add) as $syncs | $syncs >= .totals.unmap.calls'
	holds "$entry $name: no loss" '.missing.lossy == false and .loss == []'
	[ "$name" != best ] || cell_counts
}

# On amd64 6.1 the compiler made __iommu_domain_alloc part of iommu_domain_alloc, and left it by itself for its other
# callers: neither function has all allocs, and each has to be told once.
judge_inlined() { # NAME
	local allocs
	[ "$entry" = amd64-vtd-bookworm ] || return 0
	allocs=$(oracle "$1" alloc)
	is "$entry $1: inlined helper __iommu_domain_alloc: domain-alloc events = calls of the driver's op ($allocs)" \
		"$("$tool" events --hook domain-alloc "$out/$1.ims" | wc -l)" "$allocs"
	is "$entry $1: inlined helper: some allocs do not come by its symbol" \
		"$(($(oracle "$1" inner) < allocs))" 1
}

cell_counts() {
	cell[counts]=$(jq -r '.totals.map.calls + .totals.unmap.calls' "$report")
	cell[oracle]=$(($(oracle best map) + $(oracle best unmap)))
	cell[plan]=$(jq -r '[.plan[].state] |
		"\(map(select(. == "attached" or . == "silent")) | length)/\(length)"' "$report")
	cell[loss]=$(jq -r .missing.lost "$report")
}

judge_topology() {
	local ours sysfs
	ours=$(jq -r '.devices[] | select(.instance) | "instance \(.instance) \(.device)"' "$report" | sort)
	sysfs=$(grep ^instance "$out/topology" | sort)
	is "$entry: instances and their devices as in sysfs" "$ours" "$sysfs"
	cell[topology]=$(comm -12 <(echo "$ours") <(echo "$sysfs") | wc -l)/$(wc -l <<<"$sysfs")
	is "$entry: groups and their devices as in sysfs" \
		"$(jq -r '.devices[] | "group \(.group) \(.device)"' "$report" | sort)" \
		"$(grep ^group "$out/topology" | sort)"
}

# Verdicts that say something is wrong; blind-alloc and late-finalise tell how old kernels are.
judge_verdicts() { # NAME
	local wanted="" got
	# The SMMUs are three, iommulab's instances two; other machines have one, and nothing to mix.
	case $entry:$driver in *smmuv3*:* | *:iommulab) wanted="soft-mismatch" ;; esac
	got=$(jq -r '[.verdicts[].verdict | select(. != "blind-alloc" and . != "late-finalise" and
		. != "shared" and . != "fault")] | join(" ")' "$report")
	is "$entry $1: verdicts" "$got" "$wanted"
	cell[expected]=${wanted:--}
	cell[reported]=${got:--}
	[ -z "$wanted" ] || judge_mismatch "$1"
}

judge_faults() { # NAME
	local caught
	[ -e "$out/edu" ] || { cell[faults]=-; return; }
	caught=$(jq -r --arg dev "$(cat "$out/edu")" '[.verdicts[] |
		select(.verdict == "fault" and .device == $dev) | .count] | add // 0' "$report")
	is "$entry $1: faults of the device that read where nothing is mapped" "$caught" 2
	cell[faults]=$caught/2
}

judge_mismatch() { # NAME
	local refusal=-22 comm=vfio-loop # EINVAL, the contract since 6.2; before that SMMUv3 said ENXIO
	case $entry:$driver in *-bookworm:stock) refusal=-6 ;; *:iommulab) comm="sh" ;; esac
	# shellcheck disable=SC2016 # jq's variables
	holds "$entry $1: the soft-mismatch names both instances, by the driver's struct" \
		'.verdicts[] | select(.verdict == "soft-mismatch") |
		 .domain_instance != .device_instance and .evidence == "driver" and .result == $refusal and
		 .cost.ns > 0 and .retry.domain > 0 and .comm == $comm' \
		--argjson refusal $refusal --arg comm $comm
}

# The kernel does not tell what iommuscope does: 6.1 still says so, later kernels took the refusal for
# a soft failure. And nothing of ours disturbed the kernel.
judge_dmesg() {
	local silent=1 trouble
	case $entry:$driver in arm64-smmuv3-bookworm:stock) silent=0 ;; esac
	is "$entry: dmesg is silent about the mismatch but on 6.1" \
		"$([ "$(diff "$out"/dmesg.{before,after} | grep -ic 'cannot attach')" = 0 ]; echo $((1 - $?)))" $silent
	trouble=$(grep -E 'WARNING:|BUG:|Oops|[Cc]all [Tt]race|refcount_t|INFO: task' "$out/dmesg.after" || true)
	is "$entry: no warning in dmesg" "$trouble" ""
	cell[dmesg]=$([ -z "$trouble" ] && echo clean || echo BAD)
}

# No program is refused by any kernel of the matrix.
judge_refused() { # NAME
	is "$entry $1: no hook was refused" \
		"$(jq -r '.plan[] | select(.state == "failed") | "\(.function): \(.reason)"' "$report")" ""
	[[ $entry != *-backports:smmuv3 ]] || is "$entry $1: the module's op is hooked, not that of the built-in driver" \
		"$(jq -r '.plan[] | select(.hook == "domain-alloc" and (.function | startswith("arm_smmu"))) |
			"\(.module) \(.state)"' "$report")" "iommuscope_smmuv3 attached"
}

# What was hooked was hooked by what this kernel can do best, or by what was asked for: 6.1 on arm64
# refuses fentry, and fsession came with 7.0. Tracepoints, modules and the snapshot have their own, as has
# what is found by its address, and the second function of a program that can have one only.
judge_mechanism() { # NAME
	local wanted=fentry
	case $entry in
	*-backports*) wanted=fsession ;;
	arm64-*-bookworm*) wanted=kprobe ;;
	esac
	[ "$1" != kprobe ] || wanted=kprobe
	is "$entry $1: the mechanism" "$(jq -r '[.plan[] |
		select((.state == "attached" or .state == "silent") and .module == "vmlinux" and
			.mechanism != "tp_btf" and .hook != "snapshot" and
			(.reason // "" | test("goes by name only|one function only") | not)) | .mechanism] |
		unique | join(" ")' "$report")" "$wanted"
}

judge_recording() { # NAME
	local name=$1
	report=$work/report.json
	"$tool" report --json "$out/$name.ims" >"$report" 2>"$work/err" ||
		{ not_ok "$entry $name: can be read" "$(cat "$work/err" "$out/$name.log")"; return; }
	judge_counts "$name"
	judge_mechanism "$name"
	judge_refused "$name"
	judge_inlined "$name"
	judge_verdicts "$name"
	judge_faults "$name"
	[ "$name" != best ] || judge_topology
}

# The plan that is told without recording has what the recordings had hooked.
judge_plan() {
	report=$out/plan.json
	holds "$entry: iommutrace plan chooses what recordings hook" \
		'[.plan[] | select(.state == "chosen") | .function] | contains(["__iommu_attach_device",
		  "__iommu_unmap", "iommu_domain_free", "vfio_iommu_type1_attach_group"])'
}

judge_top() {
	local instance found=""
	is "$entry: iommutop -b -n 1" "$(grep status "$out/top.err")" "status 0"
	while read -r instance; do
		grep -qF -- "$instance" "$out/top.txt" && found=$instance
	done < <(awk '$1 == "instance" { print $2 }' "$out/topology" | sort -u)
	if [ -n "$found" ]; then
		ok "$entry: iommutop names an instance"
	else
		not_ok "$entry: iommutop names an instance" "$(cat "$out/top.txt")"
	fi
}
