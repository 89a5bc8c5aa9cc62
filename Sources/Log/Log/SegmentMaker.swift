import Linux

/// Makes new segments, with room set aside for all of each, and keeps one small file in reserve, so that a full disk
/// can still take the deletes that free it.
struct SegmentMaker {
    let disk: any Disk
    let directory: String
    let settings: LogSettings

    init(_ disk: any Disk, directory: String, settings: LogSettings) {
        (self.disk, self.directory, self.settings) = (disk, directory, settings)
    }

    /// An empty segment under its temporary name.
    /// - Parameters:
    ///   - needed: what the record that asks for it takes, header included.
    ///   - capacity: the size of the segment before it.
    ///   - room: how many bytes the segments may still take.
    /// - Throws: `full` when there is no room.
    func make(
        first: Offset, needed: Int, after capacity: Int?, room: Int, _ purpose: DurableLog.Purpose
    ) throws(LogFailure) -> Segment {
        let doubled = min(max((capacity ?? 0) * 2, settings.segmentBytesMin), settings.segmentBytesMax)
        let path = "\(directory)/\(FileName.text(first, Segment.suffix))\(Segment.temporarySuffix)"
        let header = FileHeader(.segment, settings: settings, offset: first)
        let sizes = [pages(max(doubled, needed)), pages(max(settings.segmentBytesMin, needed))]
        for size in sizes where size <= room {
            guard let file = try file(path, bytes: size) else { continue }
            let segment = Segment(first: first, capacity: size, header: header, file: file, isPublished: false)
            try begin(segment, with: header)
            keepReserve()
            return segment
        }
        guard purpose == .freesRoom, let (file, size) = takeReserve(as: path, needed: needed) else { throw .full }
        let segment = Segment(first: first, capacity: size, header: header, file: file, isPublished: false)
        try begin(segment, with: header)
        return segment
    }

    /// Sets a reserve aside when there is none and the disk has room for it.
    func keepReserve() {
        let path = "\(directory)/\(FileName.reserve)"
        if let file = try? disk.open(path) {
            defer { disk.close(file) }
            if let size = try? disk.size(of: file), size >= settings.segmentBytesMin { return }
        }
        guard let file = try? file(path, bytes: settings.segmentBytesMin) else { return }
        disk.close(file)
    }

    private func pages(_ bytes: Int) -> Int { (bytes + 4095) & ~4095 }

    private func begin(_ segment: Segment, with header: FileHeader) throws(LogFailure) {
        do throws(SystemError) {
            try disk.writeAll(segment.file!, at: 0, header.encoded)
        } catch {
            disk.close(segment.file!)
            throw .broken(error)
        }
    }

    /// Nil when the disk has no room for it; then nothing is left behind.
    private func file(_ path: String, bytes: Int) throws(LogFailure) -> Int32? {
        do throws(SystemError) {
            let file = try disk.create(path)
            do throws(SystemError) {
                try disk.allocate(file, bytes: bytes)
                return file
            } catch {
                disk.close(file)
                try disk.remove(path)
                throw error
            }
        } catch {
            if error.meansFull { return nil }
            throw .broken(error)
        }
    }

    private func takeReserve(as path: String, needed: Int) -> (Int32, Int)? {
        let reserve = "\(directory)/\(FileName.reserve)"
        guard let file = try? disk.open(reserve) else { return nil }
        guard let size = try? disk.size(of: file), size >= max(needed, settings.segmentBytesMin),
            (try? disk.rename(reserve, to: path)) != nil
        else {
            disk.close(file)
            return nil
        }
        return (file, size)
    }
}
