import Contracts
import HTTP
import Nouns

/// Which kind serves which paths: the longest prefix wins.
package struct RouteTable: Sendable {
    /// Routes of one table.
    package static let routesMax = 256

    package struct Match: Sendable {
        package let route: Route
        /// What follows the prefix.
        package let rest: ByteRange
        fileprivate let rewrite: Rewrite
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

    private let entries: [(prefix: [UInt8], route: Route, rewrite: Rewrite)]

    package init(_ routes: [Route] = []) {
        let sorted = routes.enumerated().sorted {
            let (a, b) = ($0.element.prefix.utf8.count, $1.element.prefix.utf8.count)
            return a == b ? $0.offset < $1.offset : a > b
        }
        entries = sorted.map { (Array($0.element.prefix.utf8), $0.element, Rewrite($0.element.rewrite)) }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The route of a path; nil when there is none.
    ///
    /// - Parameter path: a range of `bytes`, undecoded. Prefixes are compared as they stand: a client that encodes the
    ///   letters of a prefix misses it.
    package func match(_ path: ByteRange, in bytes: UnsafeRawBufferPointer) -> Match? {
        let text = bytes[path]
        for entry in entries where text.count >= entry.prefix.count {
            guard text[..<entry.prefix.count].elementsEqual(entry.prefix) else { continue }
            let rest = ByteRange(Int(path.start) + entry.prefix.count, Int(path.end))
            return Match(route: entry.route, rest: rest, rewrite: entry.rewrite)
        }
        return nil
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
    package func appendPath(_ project: ProjectID, _ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        for (index, piece) in rewrite.pieces.enumerated() {
            if index > 0 { output += project.text.utf8 }
            output += piece
        }
        output += bytes[rest]
    }
}
