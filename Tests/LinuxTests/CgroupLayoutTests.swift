import Linux
import Testing

@Suite struct CgroupLayoutTests {
    private let hybridMounts = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:4 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:33 /outer /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        37 31 0:34 /other /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """

    @Test func `finds its own groups in hybrid hierarchies`() {
        let membership = """
            9:name=systemd:/user
            8:pids:/outer/inner
            6:freezer:/elsewhere
            4:memory:/api/x:y
            1:cpu,cpuacct:/
            0::/user.slice
            """
        let layout = CgroupLayout(mounts: hybridMounts, membership: membership)
        #expect(layout.unified == "/sys/fs/cgroup/unified/user.slice")
        #expect(layout.unifiedRoot == "/sys/fs/cgroup/unified")
        #expect(layout.legacy["memory"] == "/sys/fs/cgroup/memory/api/x:y")
        #expect(layout.legacy["cpu"] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(layout.legacy["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(layout.legacy["pids"] == "/sys/fs/cgroup/pids/inner")
        // The mount shows another part than the one this process is in.
        #expect(layout.legacy["freezer"] == nil)
        #expect(layout.legacy["rw"] == nil)
    }

    @Test func `finds its own group where only the unified hierarchy is`() {
        let layout = CgroupLayout(
            mounts: "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate\n",
            membership: "0::/system.slice/bunbase.service\n")
        #expect(
            layout
                == CgroupLayout(
                    unified: "/sys/fs/cgroup/system.slice/bunbase.service", unifiedRoot: "/sys/fs/cgroup"))
    }

    @Test func `finds nothing where nothing is mounted`() {
        #expect(
            CgroupLayout(mounts: "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nshort line\n", membership: "0::/\n")
                == CgroupLayout())
    }

    @Test func `takes the groups that were delegated, as far as they are there`() {
        let mounts = hybridMounts
        func delegated(_ path: String, isOurs: @escaping (String) -> Bool) -> CgroupLayout? {
            CgroupLayout.delegated(
                path, mounts: mounts, membership: "8:pids:/outer/x\n4:memory:/x\n1:cpu,cpuacct:/\n0::/x", isOurs: isOurs
            )
        }
        let all = delegated("/b.slice/p.service") { _ in true }
        #expect(all?.unified == "/sys/fs/cgroup/unified/b.slice/p.service")
        #expect(all?.legacy["memory"] == "/sys/fs/cgroup/memory/b.slice/p.service")
        #expect(all?.legacy["cpu"] == "/sys/fs/cgroup/cpu,cpuacct/b.slice/p.service")
        #expect(delegated("/p") { !$0.contains("memory") }?.legacy["memory"] == nil)
        #expect(delegated("/p") { !$0.contains("unified") } == nil)
        #expect(delegated("p") { _ in true } == nil)
    }

    @Test func `says who enforces what`() {
        let tree = CgroupTree(name: "x", layout: CgroupLayout())
        #expect(tree.mode == .none(reason: "control groups are not mounted"))
        let limits = GroupLimits(memory: 64 << 20, processes: 5)
        let report = tree.enforcement(of: limits)
        #expect(report.memory.description == "resource limit: private memory of each process (RLIMIT_DATA)")
        #expect(report.processes == .none(reason: "control groups are not mounted"))
        #expect(report.cpu == .unlimited)
        #expect(tree.substitutes(for: limits) == [ResourceLimit(.data, 64 << 20)])
        #expect(tree.substitutes(for: GroupLimits()) == [])
        #expect(tree.leafNames.isEmpty)
    }
}
