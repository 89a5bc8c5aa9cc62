import Linux

/// Walks over the batches of one file, from the front to the first place where none is.
final class BatchCursor {
    enum Step {
        /// An intact batch; its records' bytes are valid until the next step.
        case batch(BatchHeader, records: UnsafeRawBufferPointer)
        /// Nothing was ever written here.
        case blank
        /// Something was written here that is no intact batch.
        case damaged(String)
    }

    private static let windowBytes = 64 << 10

    /// Where the next step looks.
    private(set) var position: Int
    private let disk: any Disk
    private let file: Int32
    private let salt: UInt64
    private var window: UnsafeMutableRawBufferPointer
    private var windowStart = 0
    private var windowCount = 0

    init(_ disk: any Disk, file: Int32, salt: UInt64, from position: Int = FileHeader.size) {
        (self.disk, self.file, self.salt, self.position) = (disk, file, salt, position)
        window = .allocate(byteCount: Self.windowBytes, alignment: 16)
    }

    deinit { window.deallocate() }

    func next() throws(SystemError) -> Step {
        let head = try bytes(at: position, count: BatchHeader.size)
        guard head.contains(where: { $0 != 0 }) else { return .blank }
        guard head.count == BatchHeader.size else { return .damaged("the file ends within the head of a batch") }
        guard let header = BatchHeader(head) else { return .damaged("not the head of a batch") }
        guard header.length <= UInt32.max / 2 else { return .damaged("a batch of impossible length") }
        guard try holds(position + BatchHeader.size + header.length) else {
            return .damaged("the file ends within a batch")
        }
        let batch = try bytes(at: position, count: BatchHeader.size + header.length)
        guard BatchHeader.checksum(salt, batch) == batch.word32(at: 36) else {
            return .damaged("the batch's checksum is wrong")
        }
        position += header.sizeOnDisk
        return .batch(header, records: UnsafeRawBufferPointer(rebasing: batch[BatchHeader.size...]))
    }

    /// What lies behind the last intact batch, when the walk has come to its end.
    struct Remainder {
        /// The last byte that is not zero, plus one; the walk's end when all are.
        var end: Int
        /// Where an intact batch lies nevertheless. It was written when everything before it was on the disk.
        var witness: Int?
    }

    /// Looks at everything behind the walk's end. Takes no step.
    func remainder() throws(SystemError) -> Remainder {
        let (start, size) = (position, try disk.size(of: file))
        defer { position = start }
        var remainder = Remainder(end: start, witness: nil)
        var block = start
        while block < size {
            // Room that was set aside and never written to need not be read.
            block = max(block, try disk.data(in: file, from: block) & ~(BatchHeader.alignment - 1))
            let end = min(block + Self.windowBytes, size)
            while block < end {
                try look(at: block, behind: start, &remainder)
                if remainder.witness != nil { return remainder }
                block += BatchHeader.alignment
            }
        }
        return remainder
    }

    private func look(at place: Int, behind start: Int, _ remainder: inout Remainder) throws(SystemError) {
        let word = try bytes(at: place, count: BatchHeader.alignment)
        guard let last = word.lastIndex(where: { $0 != 0 }) else { return }
        remainder.end = place + last + 1
        guard place != start, word.count >= 4, word.word32(at: 0) == BatchHeader.magic else { return }
        position = place
        if case .batch = try next() { remainder.witness = place }
    }

    /// Forgets what was read ahead: the file has grown since.
    func refresh() { windowCount = 0 }

    private func holds(_ end: Int) throws(SystemError) -> Bool {
        if end <= windowStart + windowCount { return true }
        return end <= (try disk.size(of: file))
    }

    /// That part of the file, shorter where the file ends.
    private func bytes(at start: Int, count: Int) throws(SystemError) -> UnsafeRawBufferPointer {
        if start < windowStart || start + count > windowStart + windowCount {
            if count > window.count {
                window.deallocate()
                window = .allocate(byteCount: count, alignment: 16)
            } else if window.count > Self.windowBytes, count <= Self.windowBytes {
                window.deallocate()
                window = .allocate(byteCount: Self.windowBytes, alignment: 16)
            }
            windowCount = 0
            windowCount = try disk.readAll(file, at: start, into: window)
            windowStart = start
        }
        let from = start - windowStart
        return UnsafeRawBufferPointer(rebasing: window[from..<min(from + count, windowCount)])
    }
}

extension BatchHeader {
    /// Hands out the records of a batch. False when their lengths do not add up to the batch's.
    func forEachRecord(
        in records: UnsafeRawBufferPointer, _ body: (LogRecord) throws -> Void
    ) rethrows -> Bool {
        var at = 0
        var offset = first
        for _ in 0..<count {
            guard at + Self.recordHeaderSize <= records.count else { return false }
            let length = Int(records.word32(at: at))
            let start = at + Self.recordHeaderSize
            guard start + length <= records.count else { return false }
            let effect = UnsafeRawBufferPointer(rebasing: records[start..<start + length])
            let time = Int64(bitPattern: records.word64(at: at + 5))
            try body(LogRecord(offset: offset, kind: records[at + 4], time: time, effect: effect))
            offset = offset.next
            at = start + length
        }
        return at == records.count
    }
}
