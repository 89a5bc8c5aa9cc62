import Glibc

/// Where this process stands in the machine's control group hierarchies; `cgroups(7)`.
package struct CgroupLayout: Hashable, Sendable {
    /// The directory of this process's own group in the unified hierarchy (version 2), and where that is mounted.
    package var unified: String?
    package var unifiedRoot: String?
    /// The directories of its own groups in hierarchies of version 1, by controller.
    package var legacy: [String: String] = [:]

    package init(unified: String? = nil, unifiedRoot: String? = nil, legacy: [String: String] = [:]) {
        (self.unified, self.unifiedRoot, self.legacy) = (unified, unifiedRoot, legacy)
    }

    package static func current() -> CgroupLayout {
        CgroupLayout(
            mounts: SmallFile.text("/proc/self/mountinfo") ?? "", membership: SmallFile.text("/proc/self/cgroup") ?? "")
    }

    /// The groups of that path in all hierarchies, which somebody made for this process to keep others in, as systemd
    /// does for a unit with `Delegate=`; nil when the unified one is not there, or this process may not write to it.
    package static func delegated(
        _ path: String, mounts: String = SmallFile.text("/proc/self/mountinfo") ?? "",
        membership: String = SmallFile.text("/proc/self/cgroup") ?? "",
        isOurs: (String) -> Bool = { access($0, W_OK) == 0 }
    ) -> CgroupLayout? {
        guard path.hasPrefix("/") else { return nil }
        let there = membership.split(separator: "\n").map { line in
            let words = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            return words.count == 3 ? "\(words[0]):\(words[1]):\(path)" : String(line)
        }
        var layout = CgroupLayout(mounts: mounts, membership: there.joined(separator: "\n"))
        guard let unified = layout.unified, isOurs(unified) else { return nil }
        layout.legacy = layout.legacy.filter { isOurs($0.value) }
        return layout
    }

    /// From the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
    package init(mounts: String, membership: String) {
        var own: [String: Substring] = [:]
        for line in membership.split(separator: "\n") {
            let words = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count == 3 else { continue }
            for controller in words[1].split(separator: ",", omittingEmptySubsequences: false) {
                own[String(controller)] = words[2]
            }
        }
        for line in mounts.split(separator: "\n") {
            guard let mount = Mount(line) else { continue }
            if mount.isUnified {
                guard unified == nil, let path = own[""], let directory = mount.directory(of: path) else { continue }
                (unified, unifiedRoot) = (directory, mount.point)
            } else {
                for option in mount.options {
                    guard legacy[option] == nil, let path = own[option] else { continue }
                    legacy[option] = mount.directory(of: path)
                }
            }
        }
    }

    /// One line of `/proc/PID/mountinfo` about control groups.
    private struct Mount {
        var root: String
        var point: String
        var isUnified: Bool
        var options: [String]

        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3,
                ["cgroup", "cgroup2"].contains(words[dash + 1])
            else { return nil }
            (root, point) = (String(words[3]), String(words[4]))
            isUnified = words[dash + 1] == "cgroup2"
            options = words[dash + 3].split(separator: ",").map(String.init)
        }

        /// A group's directory below this mount; nil when the mount shows another part of the hierarchy.
        func directory(of path: Substring) -> String? {
            guard root != "/" else { return path == "/" ? point : point + path }
            guard path == root || path.hasPrefix(root + "/") else { return nil }
            return point + path.dropFirst(root.count)
        }
    }
}
