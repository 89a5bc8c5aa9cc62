import Contracts
import Foundation
import JSON
import Linux

/// All that a cluster has open, by listing: equal before and after means that nothing leaked.
package struct Census: Equatable, CustomStringConvertible {
    package var counts: [String: [String]]

    package var description: String {
        counts.sorted { $0.key < $1.key }.map {
            "\($0.key): \($0.value.count)\n  " + $0.value.joined(separator: "\n  ")
        }
        .joined(separator: "\n")
    }

    /// What this one has and the other has not, or the other way round.
    package func differences(to other: Census) -> String {
        Set(counts.keys).union(other.counts.keys).sorted().compactMap { key in
            let (own, others) = (counts[key] ?? [], other.counts[key] ?? [])
            guard own != others else { return nil }
            let (gone, new) = (Self.minus(others, own), Self.minus(own, others))
            return "\(key): \(others.count) -> \(own.count)\n  gone: \(gone)\n  new: \(new)"
        }.joined(separator: "\n")
    }

    private static func minus(_ a: [String], _ b: [String]) -> [String] {
        var rest = b
        return a.filter { item in
            guard let index = rest.firstIndex(of: item) else { return true }
            rest.remove(at: index)
            return false
        }
    }
}

extension TrialCluster {
    /// Lists descriptors, sockets, cgroups, children and ports of the cluster. Numbers that name sockets, processes and
    /// files of one moment are left out.
    package func census() throws -> Census {
        var counts: [String: [String]] = [:]
        let sockets = Self.socketNames
        let status = try status()
        guard let supervisor = status["pid"]?.int.map(Int32.init) else { throw Failure("the status names no pid") }
        var processes = [("supervisor", supervisor)]
        for service in ["front", "platform"] {
            if let pid = try pid(service: service) { processes.append((service, pid)) }
        }
        if let parent = ProcessFacts(supervisor).parent, parent > 1 { processes.append(("init", parent)) }
        for (name, pid) in processes {
            var open = ProcessFacts(pid).openDescriptors
            // A log is opened with its first line, the watch over control groups with the first that is cleared.
            open.removeAll { $0.hasSuffix(".jsonl") }
            if let watch = open.firstIndex(of: "anon_inode:inotify") { open.remove(at: watch) }
            counts["descriptors of \(name)"] = open.map { Self.plain(sockets[$0] ?? $0) }.sorted()
        }
        counts["processes"] = members(below: Set(processes.filter { $0.0 == "supervisor" || $0.0 == "init" }.map(\.1)))
        let run = FileManager.default.enumerator(atPath: self.sockets.directory)?.compactMap { $0 as? String } ?? []
        counts["runtime directory"] = run.map { Self.plain($0) }.sorted()
        counts["ports held"] = [String(status["ports"]?["held"]?.int ?? -1)]
        counts["cgroups"] = Self.cgroups(named: group, below: supervisor).map(Self.plain).sorted()
        return Census(counts: counts)
    }

    /// A census that stays the same for a while: what is just ending has ended, what is to be started again has been.
    package func restingCensus(patience: Duration = .seconds(15)) throws -> Census {
        let end = ContinuousClock.now + patience
        var (census, since) = (try census(), ContinuousClock.now)
        while ContinuousClock.now < end, ContinuousClock.now - since < .milliseconds(500) {
            let next = try self.census()
            if next != census { (census, since) = (next, ContinuousClock.now) }
        }
        return census
    }

    /// The same, as soon as it equals the one before; otherwise what it is after the patience is over.
    package func census(like before: Census, patience: Duration = .seconds(15)) throws -> Census {
        let end = ContinuousClock.now + patience
        while true {
            let now = try census()
            if now == before || ContinuousClock.now > end { return now }
        }
    }

    /// Unix sockets by what their descriptors are called: where they are bound, or whose accepted one is.
    private static var socketNames: [String: String] {
        let lines = SmallFile.text("/proc/net/unix")?.split(separator: "\n") ?? []
        return lines.reduce(into: [:]) { names, line in
            let words = line.split(separator: " ")
            guard words.count > 6 else { return }
            names["socket:[\(words[6])]"] = words.count > 7 ? "socket \(words[7])" : "socket without a name"
        }
    }

    /// Those that were given a notify socket of the cluster, whoever their parent is by now, and what the supervisor or
    /// its starter has not waited for.
    private func members(below parents: Set<Int32>) -> [String] {
        ProcessFacts.all.filter { facts in
            guard !parents.contains(facts.pid) else { return false }
            let isDead = facts.state == "Z" && facts.parent.map(parents.contains) ?? false
            return isDead || facts.text("environ")?.contains("NOTIFY_SOCKET=\(sockets.directory)/") ?? false
        }
        .map { facts in
            facts.state == "Z" ? "zombie" : facts.commandLine?.split(separator: " ").first.map(String.init) ?? ""
        }
        .sorted()
    }

    private static func plain(_ text: String) -> String {
        text.replacing(/\d+/, with: "N")
    }

    /// The directories of its control group, one in each hierarchy that has it.
    package func groupDirectories() throws -> [String] {
        guard let supervisor = try status()["pid"]?.int.map(Int32.init) else {
            throw Failure("the status names no pid")
        }
        return Self.groupPaths(named: group, below: supervisor).map(\.path).filter { $0.hasSuffix("/" + group) }
    }

    /// The cluster's own, among those of other clusters on this machine: named by the FNV-1a hash of its home.
    private var group: String {
        let hash = home.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "bunbase-" + String(hash, radix: 16)
    }

    /// Directories of that name and below, in every hierarchy, from where a process is.
    private static func groupPaths(named group: String, below pid: Int32) -> [(hierarchy: String, path: String)] {
        let lines = ProcessFacts(pid).text("cgroup")?.split(separator: "\n") ?? []
        return lines.flatMap { line -> [(String, String)] in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { return [] }
            let roots = parts[1].isEmpty ? ["unified", ""] : [parts[1].replacingOccurrences(of: "name=", with: "")]
            return roots.flatMap { root -> [(String, String)] in
                let path = "/sys/fs/cgroup/" + root + (parts[2] == "/" ? "" : parts[2])
                let found = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
                return found.filter { $0.contains(group) && !$0.split(separator: "/").last!.contains(".") }
                    .map { (root, path + "/" + $0) }
            }
        }
    }

    private static func cgroups(named group: String, below pid: Int32) -> [String] {
        groupPaths(named: group, below: pid).map { hierarchy, path in
            hierarchy + ":" + (path.range(of: group).map { String(path[$0.lowerBound...]) } ?? path)
        }
    }
}

extension ProcessFacts {
    package static var all: [ProcessFacts] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.map { ProcessFacts($0) }
    }

    private var statFields: [Substring] {
        text("stat")?.split(separator: ")").last?.split(separator: " ") ?? []
    }

    /// `R`, `S`, `Z`, …
    package var state: String { statFields.first.map(String.init) ?? "gone" }
    package var parent: Int32? { statFields.dropFirst().first.flatMap { Int32($0) } }
}
