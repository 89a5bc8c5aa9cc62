import Contracts
import HTTP
import Nouns

/// Which kind serves which hosts and paths. Routes for exactly the request's host come first, then those for
/// `{project}.`, `*.` and any host; among those of one host the longest prefix that fits wins.
///
/// The host is found by its hash, so that a cluster with many custom hosts is as fast as one without.
///
/// A class, so that requests pass it around by one reference.
package final class RouteTable: Sendable {
    /// Routes of one table.
    package static let routesMax = 512

    /// A route as it is matched and written. A class, so that a request holds its route by one reference.
    package final class Entry: Sendable {
        package let route: Route
        fileprivate let prefix: [UInt8]
        /// The rewrite taken apart at `{project}`.
        fileprivate let pieces: [[UInt8]]

        fileprivate init(_ route: Route) {
            self.route = route
            prefix = Array(route.prefix.utf8)
            let mark = "{project}"
            pieces = route.rewrite.split(separator: mark, omittingEmptySubsequences: false).map { Array($0.utf8) }
        }
    }

    package struct Match: Sendable {
        package let holder: Entry
        /// What follows the prefix.
        package let rest: ByteRange
        /// The host's first label, where the route's host has `{project}` there; not lower-cased.
        package let projectLabel: ByteRange?
        package var route: Route { holder.route }
    }

    /// Longest prefix first.
    private typealias Rules = [Entry]

    private let forAny: Rules
    private let exact: ByteTable<Rules>
    private let byProject: ByteTable<Rules>
    private let byLabel: ByteTable<Rules>
    private let hasHosts: Bool

    package init(_ routes: [Route] = []) {
        var groups: [RouteHost?: Rules] = [:]
        for route in routes { groups[route.host, default: []].append(Entry(route)) }
        var (exact, byProject, byLabel) = (ByteTable<Rules>(), ByteTable<Rules>(), ByteTable<Rules>())
        for (host, rules) in groups {
            // Of two with one prefix, which the cluster file does not allow, the first wins.
            let sorted = rules.enumerated().sorted {
                ($1.element.prefix.count, $0.offset) < ($0.element.prefix.count, $1.offset)
            }.map(\.element)
            groups[host] = sorted
            switch host {
            case nil: break
            case .exact(let name): exact.set(name, sorted)
            case .project(let name): byProject.set(name, sorted)
            case .any(let name): byLabel.set(name, sorted)
            }
        }
        (self.exact, self.byProject, self.byLabel) = (exact, byProject, byLabel)
        forAny = groups[nil] ?? []
        hasHosts = groups.keys.contains { $0 != nil }
    }

    package var isEmpty: Bool { forAny.isEmpty && !hasHosts }

    /// The route of a host and path; nil when there is none.
    ///
    /// - Parameters:
    ///   - host: a range of `bytes`, with or without a port.
    ///   - path: a range of `bytes`, undecoded. Prefixes are compared as they stand: a client that encodes the
    ///     letters of a prefix misses it.
    package func match(host: ByteRange?, path: ByteRange, in bytes: UnsafeRawBufferPointer) -> Match? {
        if hasHosts, let host, let match = matchHost(host, path, bytes) { return match }
        return Self.match(forAny, path, bytes, projectLabel: nil)
    }

    private func matchHost(_ host: ByteRange, _ path: ByteRange, _ bytes: UnsafeRawBufferPointer) -> Match? {
        let name = Self.name(host, bytes)
        guard (1...RouteHost.lengthMax).contains(name.count) else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: name.count, alignment: 1) { lower in
            for index in 0..<name.count { lower[index] = bytes[Int(name.start) + index].lowercasedASCII }
            let text = UnsafeRawBufferPointer(lower)
            if let rules = exact[text], let match = Self.match(rules, path, bytes, projectLabel: nil) { return match }
            guard let dot = text.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
            let rest = UnsafeRawBufferPointer(rebasing: text[(dot + 1)...])
            let label = ByteRange(Int(name.start), Int(name.start) + dot)
            if let rules = byProject[rest], let match = Self.match(rules, path, bytes, projectLabel: label) {
                return match
            }
            return byLabel[rest].flatMap { Self.match($0, path, bytes, projectLabel: nil) }
        }
    }

    /// Without a port, and without the dot that ends a fully qualified name.
    private static func name(_ host: ByteRange, _ bytes: UnsafeRawBufferPointer) -> ByteRange {
        var end = Int(host.end)
        let start = Int(host.start)
        for index in stride(from: end - 1, through: start, by: -1) {
            guard bytes[index].isDigit else {
                if bytes[index] == UInt8(ascii: ":") { end = index }
                break
            }
        }
        if end > start, bytes[end - 1] == UInt8(ascii: ".") { end -= 1 }
        return ByteRange(start, end)
    }

    private static func match(
        _ rules: Rules, _ path: ByteRange, _ bytes: UnsafeRawBufferPointer, projectLabel: ByteRange?
    ) -> Match? {
        let text = bytes[path]
        for rule in rules where text.count >= rule.prefix.count {
            guard rule.prefix.withUnsafeBytes({ begins(with: $0, text) }) else { continue }
            let rest = ByteRange(Int(path.start) + rule.prefix.count, Int(path.end))
            return Match(holder: rule, rest: rest, projectLabel: projectLabel)
        }
        return nil
    }

    /// Whether `text`, which is as long or longer, begins with the prefix.
    private static func begins(with prefix: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<prefix.count where prefix[index] != text[index] { return false }
        return true
    }

    /// Refuses paths that servers could resolve to another place than the route's: `.` and `..` segments in any
    /// spelling, NUL, and malformed percent-encoding.
    package static func check(_ path: UnsafeRawBufferPointer) throws(Fault) {
        // Most paths have neither.
        guard path.contains(UInt8(ascii: "."), or: UInt8(ascii: "%")) else { return }
        var dots = 0
        var others = 0
        var index = 0
        while index < path.count {
            var byte = path[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < path.count, let high = path[index + 1].hexValue, let low = path[index + 2].hexValue
                else { throw .percentMalformed }
                byte = high << 4 | low
                guard byte != 0 else { throw .pathAmbiguous }
                index += 2
            }
            index += 1
            switch byte {
            case UInt8(ascii: "/"):
                if others == 0, dots == 1 || dots == 2 { throw .pathAmbiguous }
                (dots, others) = (0, 0)
            case UInt8(ascii: "."): dots += 1
            default: others += 1
            }
        }
        if others == 0, dots == 1 || dots == 2 { throw .pathAmbiguous }
    }
}

extension RouteTable.Match {
    /// Writes the path that the instance sees.
    package func appendPath(_ project: ProjectEntry, _ bytes: UnsafeRawBufferPointer, to output: OutputBuffer) {
        let pieces = holder.pieces
        for index in 0..<pieces.count {
            if index > 0 { output.append(project.idBytes) }
            output.append(pieces[index])
        }
        output.append(bytes[rest])
    }
}
