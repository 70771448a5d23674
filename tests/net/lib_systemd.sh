# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_systemd.sh - hosts of which systemd itself is process 1: copies of this system with the namespaces of a container, and a part of the
# cgroups that they see as the whole.  A test sources this after lib.sh and calls topology, host_files and boot.

command -v systemctl >/dev/null && [ -x /lib/systemd/systemd ] || skip "needs systemd"
make_cgroup || skip "no cgroups can be made"

# Units of a copy that would change this machine's kernel, or wait for devices.
HOST_MASKED="systemd-sysctl.service systemd-modules-load.service modprobe@.service systemd-remount-fs.service systemd-binfmt.service
	systemd-random-seed.service systemd-journal-flush.service systemd-update-utmp.service dev-hugepages.mount dev-mqueue.mount
	sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount
	proc-sys-fs-binfmt_misc.automount getty.target console-getty.service"
declare -A HOST_PID HOST_OUTER
HOST_LAYERS=()

# host_files NAME: $T/NAME/files, with what make install installs, and with programs of the tests in /usr/local/bin.  boot copies it.
host_files() {
	local files=$T/$1/files unit
	mkdir -p "$files/etc/systemd/system/multi-user.target.wants" "$files/usr/local/bin" "$files/etc/tmpfiles.d"
	cp -a "$TSCF_BUILD/tests/root/." "$files"
	for unit in tscf-client.service tscf-server.service; do
		find "$TSCF_BUILD/tests/root" -name $unit -exec cp {} "$files/etc/systemd/system" \;
		[ -e "$files/etc/systemd/system/$unit" ] || skip "built without service files"
	done
	find "$TSCF_BUILD/tests/root" -path '*sysusers.d*' -type f -exec install -D -t "$files/etc/sysusers.d" {} +
	# Where the service files have it, whatever the prefix of this build.
	[ -e "$files/usr/local/var" ] || ln -s /var "$files/usr/local/var"
	install "$TSCF_TOOLS/flow" "$TSCF_TOOLS/tcp" "$files/usr/local/bin"
	for unit in $HOST_MASKED; do ln -s /dev/null "$files/etc/systemd/system/$unit"; done
	# Nothing of this machine's /tmp is to be removed.
	: >"$files/etc/tmpfiles.d/tmp.conf"
}

# What becomes process 1 does first: a root directory of its own.
host_script() {
	cat <<-'END'
		set -e
		dir=$1 root=$1/root
		first=
		[ -d "$dir/layer/upper" ] || first=1
		mkdir -p "$dir/layer/upper" "$dir/layer/work"
		mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/layer/upper,workdir=$dir/layer/work" "$root"
		if [ "$first" ]; then
			rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/systemd/system/*.requires "$root/etc/.updated" "$root/etc/tscf" \
				"$root/var/lib/tscf" "$root/var/log/journal"
			[ ! -L "$dir/files/usr/local/var" ] || rm -rf "$root/usr/local/var"
			cp -a "$dir/files/." "$root"
			: >"$root/etc/fstab"
			: >"$root/etc/machine-id"
		fi
		mount -t proc proc "$root/proc"
		mount --bind "$root/proc/sys" "$root/proc/sys"
		mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
		mount -o remount,bind,ro "$root/proc/sys"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
		mount -t bpf bpf "$root/sys/fs/bpf"
		mount -t tmpfs tmpfs "$root/run"
		mount -t tmpfs tmpfs "$root/dev"
		mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
		for device in null zero full random urandom tty net/tun; do cp -a "/dev/$device" "$root/dev/$device"; done
		chmod 666 "$root/dev/net/tun"
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
		ln -s pts/ptmx "$root/dev/ptmx"
		mount -t tmpfs tmpfs "$root/dev/shm"
		cd "$root"
		mkdir -p old
		pivot_root . old
		umount -l /old
		exec env -i container=tscf-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
			--unit=multi-user.target --log-target=console --show-status=no
	END
}

# boot NAME NAMESPACE: returns when the host has booted.  What it writes is there when it boots again.
boot() {
	local dir=$T/$1
	if [ ! -d "$dir/layer" ]; then
		mkdir "$dir/layer" "$dir/root" "$CGROUP/$1"
		mount -t tmpfs tmpfs "$dir/layer" || skip "no file systems can be mounted"
		HOST_LAYERS+=("$dir/layer")
		host_script >"$dir/script"
	fi
	(
		echo "$BASHPID" >"$CGROUP/$1/cgroup.procs"
		exec ip netns exec "$2" unshare --cgroup --mount --pid --uts --ipc --propagation private --fork --kill-child bash "$dir/script" "$dir"
	) >>"$T/$1-host.log" 2>&1 </dev/null &
	HOST_OUTER[$1]=$!
	PIDS+=("$!")
	must 10 "HOST_PID[$1]=\$(pgrep -P $!) && [ \"\$(cat /proc/\${HOST_PID[$1]}/comm)\" = systemd ]" "$1: systemd starts"
	must 30 "on $1 systemctl is-system-running | grep -qxE 'running|degraded'" "$1: the host has booted"
}
# shut_down NAME
shut_down() {
	on "$1" systemctl poweroff 2>/dev/null
	gone "${HOST_OUTER[$1]}" 30 || die "$1: the host has not shut down"
	unset "HOST_PID[$1]"
}

# on NAME COMMAND...: run it on that host, as root, in a cgroup beside those of systemd.
on() {
	(
		# systemd removes it with its own when it ends.
		mkdir -p "$CGROUP/$1/console"
		echo "$BASHPID" >"$CGROUP/$1/console/cgroup.procs"
		exec nsenter --target "${HOST_PID[$1]}" --all -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${@:2}"
	)
}
# service_of NAME UNIT COMMAND...: run it there as a unit, in the background, with its output in $T/UNIT.out.
service_of() {
	ln -s "$T/$1/layer/upper/var/tmp/$2.out" "$T/$2.out"
	on "$1" systemd-run --quiet --unit="$2" --property=StandardOutput="file:/var/tmp/$2.out" "${@:3}" || die "$2 does not start"
}
# property NAME UNIT PROPERTY
property() { on "$1" systemctl show --property "$3" --value "$2"; }
# running_as NAME UNIT FIELD: of the main process of a unit, from /proc/PID/status.
running_as() { on "$1" sed -n "s/^$3:\t0*//p" "/proc/$(property "$1" "$2" MainPID)/status"; }

# attached NAME CGROUP: how many BPF programs are attached to it, named from /sys/fs/cgroup.
attached() { on "$1" bpftool -j cgroup show "/sys/fs/cgroup/$2" | jq -s 'flatten | length'; }

# The journals are among the logs of a test that fails.
leave_hosts() {
	local host layer
	for host in "${!HOST_PID[@]}"; do on "$host" journalctl --quiet --no-pager --output=short-precise >"$T/$host-journal.log"; done
	for layer in "${HOST_LAYERS[@]}"; do umount -l "$layer"; done
} 2>/dev/null
trap 'status=$?; leave_hosts; (exit $status); cleanup' EXIT
