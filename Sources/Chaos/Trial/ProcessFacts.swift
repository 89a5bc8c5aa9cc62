import Foundation
import Glibc

/// What the kernel tells of a process; `proc(5)`.
package struct ProcessFacts: Sendable {
    package let pid: Int32

    package init(_ pid: Int32) { self.pid = pid }

    package var isAlive: Bool {
        guard let state = text("stat")?.split(separator: ")").last?.split(separator: " ").first else { return false }
        return state != "Z" && state != "X"
    }

    /// Proportional set size: shared pages count by their share. Nil when the process is gone.
    package var pssKiB: Int? {
        guard let text = text("smaps_rollup") else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("Pss:") }?.split(separator: " ").dropFirst().first
            .flatMap { Int($0) }
    }

    package var rssKiB: Int? {
        guard let pages = text("statm")?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            return nil
        }
        return pages * 4
    }

    /// Voluntary and involuntary switches of all threads: how often it was woken or stopped.
    package var contextSwitches: Int? {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        guard !tasks.isEmpty else { return nil }
        return tasks.compactMap { Self.switches("/proc/\(pid)/task/\($0)/status") }.reduce(0, +)
    }

    package var openDescriptors: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)") }
            .sorted()
    }

    package var commandLine: String? { text("cmdline")?.replacingOccurrences(of: "\0", with: " ") }

    /// The text of one of its files under `/proc`.
    package func text(_ name: String) -> String? { Self.read("/proc/\(pid)/\(name)") }

    private static func switches(_ path: String) -> Int? {
        guard let text = read(path) else { return nil }
        return text.split(separator: "\n").filter { $0.contains("ctxt_switches") }
            .compactMap { $0.split(separator: "\t").last.flatMap { Int($0) } }.reduce(0, +)
    }

    private static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
