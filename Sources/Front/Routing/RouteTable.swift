import Contracts
import HTTP
import Nouns

/// Which kind serves which paths: the longest prefix wins.
package struct RouteTable: Sendable {
    /// Routes of one table.
    package static let routesMax = 256

    package struct Match: Sendable {
        fileprivate let entry: Entry
        /// What follows the prefix.
        package let rest: ByteRange
        package var route: Route { entry.route }
        package var holder: Entry { entry }
    }

    /// A class, so that a request holds its route by one reference.
    package final class Entry: Sendable {
        fileprivate let prefix: [UInt8]
        package let route: Route
        fileprivate let rewrite: Rewrite

        fileprivate init(_ route: Route) {
            (prefix, self.route, rewrite) = (Array(route.prefix.utf8), route, Rewrite(route.rewrite))
        }
    }

    /// A rewrite taken apart at `{project}`.
    fileprivate struct Rewrite: Hashable, Sendable {
        let pieces: [[UInt8]]

        init(_ text: String) {
            let mark = Array("{project}".utf8)
            var pieces: [[UInt8]] = [[]]
            var rest = Array(text.utf8)[...]
            while let byte = rest.first {
                if rest.starts(with: mark) {
                    pieces.append([])
                    rest = rest.dropFirst(mark.count)
                } else {
                    pieces[pieces.count - 1].append(byte)
                    rest = rest.dropFirst()
                }
            }
            self.pieces = pieces
        }
    }

    private let entries: [Entry]

    package init(_ routes: [Route] = []) {
        let sorted = routes.enumerated().sorted {
            let (a, b) = ($0.element.prefix.utf8.count, $1.element.prefix.utf8.count)
            return a == b ? $0.offset < $1.offset : a > b
        }
        entries = sorted.map { Entry($0.element) }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The route of a path; nil when there is none.
    ///
    /// - Parameter path: a range of `bytes`, undecoded. Prefixes are compared as they stand: a client that encodes the
    ///   letters of a prefix misses it.
    package func match(_ path: ByteRange, in bytes: UnsafeRawBufferPointer) -> Match? {
        let text = bytes[path]
        for entry in entries where text.count >= entry.prefix.count {
            guard entry.prefix.withUnsafeBytes({ begins(with: $0, text) }) else { continue }
            let rest = ByteRange(Int(path.start) + entry.prefix.count, Int(path.end))
            return Match(entry: entry, rest: rest)
        }
        return nil
    }

    /// Whether `text`, which is as long or longer, begins with the prefix.
    private func begins(with prefix: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<prefix.count where prefix[index] != text[index] { return false }
        return true
    }

    /// Refuses paths that servers could resolve to another place than the route's: `.` and `..` segments in any
    /// spelling, NUL, and malformed percent-encoding.
    package static func check(_ path: UnsafeRawBufferPointer) throws(Fault) {
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
        for (index, piece) in entry.rewrite.pieces.enumerated() {
            if index > 0 { output.append(project.idBytes) }
            output.append(piece)
        }
        output.append(bytes[rest])
    }
}
