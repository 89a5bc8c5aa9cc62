/// The field lines of one head, as ranges of its bytes, in their order.
package struct Fields: Sendable {
    package struct Line: Hashable, Sendable {
        package let kind: FieldName
        package let name: ByteRange
        /// Without the spaces around it.
        package let value: ByteRange
    }

    /// Those behind the first `count` are of an earlier head: their room is used again.
    private var room: [Line] = []
    package private(set) var count = 0
    package var lines: ArraySlice<Line> { room[..<count] }
    /// One bit for each kind that occurs, so that looking for what is not there costs nothing.
    private var kinds: UInt64 = 0

    package init() {}

    package mutating func append(_ line: Line) {
        if count < room.count { room[count] = line } else { room.append(line) }
        count += 1
        kinds |= 1 << UInt64(line.kind.rawValue)
    }

    package mutating func removeAll() {
        (count, kinds) = (0, 0)
    }

    package func contains(_ kind: FieldName) -> Bool { kinds >> UInt64(kind.rawValue) & 1 == 1 }

    /// The value of the first line of that kind.
    package func first(_ kind: FieldName) -> ByteRange? {
        guard contains(kind) else { return nil }
        for index in 0..<count where room[index].kind == kind { return room[index].value }
        return nil
    }

    package func count(_ kind: FieldName) -> Int {
        guard contains(kind) else { return 0 }
        var found = 0
        for index in 0..<count where room[index].kind == kind { found += 1 }
        return found
    }

    /// Writes the lines but those of some kinds: neighbours in one piece, as they stand; one with more than a space
    /// around its value without those.
    ///
    /// - Parameters:
    ///   - end: of the last line, its line end included.
    ///   - nominees: whether lines that `Connection` names are left out too.
    package func append(
        _ bytes: UnsafeRawBufferPointer, end: Int, to output: OutputBuffer, without kinds: FieldNames,
        nominees: Bool = false
    ) {
        // The run that is not written yet.
        var (start, behind) = (0, 0)
        for index in 0..<count {
            let line = room[index]
            let next = index + 1 < count ? Int(room[index + 1].name.start) : end
            let isKept = !kinds.contains(line.kind) && !(nominees && isNominated(line, in: bytes))
            if isKept, line.value.start == line.name.end + 2, Int(line.value.end) + 2 == next {
                if start == behind { start = Int(line.name.start) }
                behind = next
                continue
            }
            if behind > start { output.append(bytes[ByteRange(start, behind)]) }
            (start, behind) = (0, 0)
            guard isKept else { continue }
            output.append(bytes[line.name])
            output.append(": " as StaticString)
            output.append(bytes[line.value])
            output.append("\r\n" as StaticString)
        }
        if behind > start { output.append(bytes[ByteRange(start, behind)]) }
    }

    /// The value of the first line of that name, which must be lower-case and not one of `FieldName`'s.
    package func first(named name: StaticString, in bytes: UnsafeRawBufferPointer) -> ByteRange? {
        lines.first { $0.kind == .other && bytes[$0.name].equalsIgnoringCase(name) }?.value
    }
}

/// What a message's `Connection` fields say (RFC 9110 §7.6.1).
package struct ConnectionOptions: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let close = ConnectionOptions(rawValue: 1)
    package static let keepAlive = ConnectionOptions(rawValue: 2)
    package static let upgrade = ConnectionOptions(rawValue: 4)
    /// Names further fields that are for the next hop only; see `Fields.isNominated`.
    package static let namesFields = ConnectionOptions(rawValue: 8)
}

extension Fields {
    /// Whether `TE` says that trailers are understood (RFC 9110 §10.1.4).
    package func takesTrailers(in bytes: UnsafeRawBufferPointer) -> Bool {
        var isTaken = false
        forEachElement(of: .te, in: bytes) { isTaken = isTaken || $0.equalsIgnoringCase("trailers") }
        return isTaken
    }

    /// Reads all `Connection` lines.
    func connectionOptions(in bytes: UnsafeRawBufferPointer) -> ConnectionOptions {
        var options: ConnectionOptions = []
        forEachElement(of: .connection, in: bytes) { element in
            if element.equalsIgnoringCase("close") {
                options.insert(.close)
            } else if element.equalsIgnoringCase("keep-alive") {
                options.insert(.keepAlive)
            } else if element.equalsIgnoringCase("upgrade") {
                options.insert(.upgrade)
            } else {
                options.insert(.namesFields)
            }
        }
        return options
    }

    /// Whether a `Connection` line names this field, so that a proxy must not pass it on.
    package func isNominated(_ line: Line, in bytes: UnsafeRawBufferPointer) -> Bool {
        var isNominated = false
        forEachElement(of: .connection, in: bytes) {
            isNominated = isNominated || $0.equalsIgnoringCase(bytes[line.name])
        }
        return isNominated
    }

    /// Calls with each element of the comma-separated lists of that kind, empty elements left out (RFC 9110 §5.6.1).
    package func forEachElement(
        of kind: FieldName, in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard contains(kind) else { return }
        for line in lines where line.kind == kind {
            let value = bytes[line.value]
            var start = 0
            for index in 0...value.count where index == value.count || value[index] == UInt8(ascii: ",") {
                let element = value.trimmed(start, index)
                if !element.isEmpty { body(value[element]) }
                start = index + 1
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The range without spaces and tabs at both ends.
    package func trimmed(_ start: Int, _ end: Int) -> ByteRange {
        var (start, end) = (start, end)
        while start < end, self[start].isOptionalSpace { start += 1 }
        while end > start, self[end - 1].isOptionalSpace { end -= 1 }
        return ByteRange(start, end)
    }
}
