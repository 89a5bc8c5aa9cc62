import Backup
import Foundation
import Linux
import Nouns
import Testing

@Suite struct BackupTests {
    let scratch = try! Scratch()
    let project = ProjectID("acme")!
    var store: BackupStore { BackupStore(scratch.path + "/backups") }

    /// A backup of what lies in `live/`.
    @discardableResult
    func back(up name: String, gaps: [Manifest.Gap] = [], isWhole: Bool = true) throws -> Manifest {
        try FileManager.default.createDirectory(atPath: store.directory, withIntermediateDirectories: true)
        let path = try store.begin(name)
        var copy = TreeCopy {}
        try copy.copy(scratch.path + "/live", to: path + "/projects/acme", as: "projects/acme")
        var manifest = Manifest(createdAt: "2026-11-23T13:05:00.250Z", program: "1", isWhole: isWhole)
        manifest.projects = [Manifest.Project(id: project, slug: "acme", name: "Acme \"1\"")]
        (manifest.entries, manifest.gaps) = (copy.entries, gaps)
        try manifest.entries.seal(in: path)
        try store.publish(path, as: name, manifest)
        return manifest
    }

    static func name(_ day: Int) -> String { BackupStore.name(Timestamp(1_700_000_000_000 + Int64(day) * 86_400_000)) }

    @Test func `what is restored is what was backed up, with permissions, times, holes and links`() throws {
        try scratch.make("live/bundoc/00.log", "first")
        try scratch.make("live/bunder/deep/er/file", "")
        let sparse = scratch.path + "/live/bunder/sparse"
        #expect(FileManager.default.createFile(atPath: sparse, contents: nil))
        let file = try FileHandle(forUpdating: URL(filePath: sparse))
        try file.seek(toOffset: 20 << 20)
        try file.write(contentsOf: Data("end".utf8))
        try file.close()
        let link = scratch.path + "/live/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/passwd")
        chmod(scratch.path + "/live/bundoc/00.log", 0o640)
        let moment = Date(timeIntervalSince1970: 1_600_000_000)
        for path in ["/live/bundoc/00.log", "/live/bundoc"] {
            try FileManager.default.setAttributes([.modificationDate: moment], ofItemAtPath: scratch.path + path)
        }
        let manifest = try back(up: Self.name(0))
        #expect(try store.manifest(of: Self.name(0)) == manifest)
        #expect(store.faults(of: Self.name(0)) == [])

        try manifest.entries(of: project).place(
            from: store.path(Self.name(0)), "projects/acme", at: scratch.path + "/again")
        #expect(scratch.text("again/bundoc/00.log") == "first" && scratch.text("again/bunder/deep/er/file") == "")
        #expect(
            FileManager.default.contents(atPath: scratch.path + "/again/bunder/sparse")
                == FileManager.default.contents(atPath: sparse))
        #expect(try blocks("again/bunder/sparse") * 512 < 1 << 20)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: scratch.path + "/again/link") == "/etc/passwd")
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/again/bundoc/00.log")
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        for path in ["/again/bundoc/00.log", "/again/bundoc"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + path)
            #expect(attributes[.modificationDate] as? Date == moment)
        }
    }

    @Test func `room that a file had made before it wrote is made again`() throws {
        try scratch.make("live/bundoc/00.log", "first")
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path + "/live/bundoc/00.log"))
        #expect(posix_fallocate(file.fileDescriptor, 0, 4 << 20) == 0)
        try file.close()
        let manifest = try back(up: Self.name(0))
        try manifest.entries.place(from: store.path(Self.name(0)), "projects/acme", at: scratch.path + "/again")
        #expect(try blocks("again/bundoc/00.log") * 512 >= 4 << 20)
    }

    private func blocks(_ name: String) throws -> Int {
        var status = stat()
        try #require(stat("\(scratch.path)/\(name)", &status) == 0)
        return Int(status.st_blocks)
    }

    @Test(arguments: ["byte", "length", "gone", "manifest"])
    func `damage is found, and not restored`(damage: String) throws {
        try scratch.make("live/bundoc/00.log", "first")
        let manifest = try back(up: Self.name(0))
        let file = "\(store.path(Self.name(0)))/projects/acme/bundoc/00.log"
        switch damage {
        case "byte": try "fjrst".write(toFile: file, atomically: true, encoding: .utf8)
        case "length": try "first!".write(toFile: file, atomically: true, encoding: .utf8)
        case "gone": try FileManager.default.removeItem(atPath: file)
        default:
            let path = store.path(Self.name(0)) + "/manifest.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("acme", with: "acne").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: BackupFailure.self) { try store.manifest(of: Self.name(0)) }
        }
        #expect(store.faults(of: Self.name(0)).count == 1)
        guard damage != "manifest" else { return }
        #expect(throws: (any Error).self) {
            try manifest.entries.place(from: store.path(Self.name(0)), "projects/acme", at: scratch.path + "/again")
        }
    }

    @Test func `a format of later days is refused, and so is a path that leads out`() throws {
        try scratch.make("live/bundoc/00.log", "first")
        let text = String(decoding: try back(up: Self.name(0)).encoded, as: UTF8.self)
        #expect(throws: BackupFailure.self) {
            try Manifest(decoding: Array(text.replacing("\"format\": 1", with: "\"format\": 2").utf8))
        }
        #expect(throws: BackupFailure.self) {
            try Manifest(decoding: Array(text.replacing("bundoc/00.log", with: "../../../etc/x").utf8))
        }
        #expect(try Manifest(decoding: Array(text.utf8)).isComplete)
    }

    @Test func `as many complete backups as wanted are kept, and nothing else is touched`() throws {
        try scratch.make("live/bundoc/00.log", "first")
        try scratch.make("backups/other/manifest.json", "{}")
        for day in 0..<3 { try back(up: Self.name(day)) }
        try back(up: Self.name(3), gaps: [Manifest.Gap(what: "acme", reason: "no reason")])
        try back(up: Self.name(4), isWhole: false)
        try back(up: Self.name(5))
        #expect(try store.prune(keep: 2) == [Self.name(1), Self.name(0)])
        #expect(store.names == (2...5).map(Self.name))
        #expect(scratch.names("backups/other") == ["manifest.json"])
    }

    @Test func `what a crash left is no backup, and goes with the next`() throws {
        try scratch.make("live/bundoc/00.log", "first")
        try scratch.make("backups/.keep.partial/x", "not ours")
        let left = try store.begin(Self.name(0))
        try scratch.make("backups/." + Self.name(0) + ".partial/projects/x", "half")
        #expect(store.names == [])
        try back(up: Self.name(1))
        #expect(access(left, F_OK) != 0)
        #expect(scratch.names("backups") == [".keep.partial", Self.name(1)])
    }

    @Test func `copying ends when it is told to`() throws {
        struct Stop: Error {}
        try scratch.make("live/bundoc/00.log", "first")
        var copy = TreeCopy { throw Stop() }
        #expect(throws: Stop.self) { try copy.copy(scratch.path + "/live", to: scratch.path + "/copy", as: "x") }
    }

    @Test func `how the last backup went is told until the next`() throws {
        let gap = Manifest.Gap(what: "acme", reason: "it was not held")
        let outcome = Outcome(
            finishedAt: "2026-11-23T13:05:00.250Z", directory: "/b", name: "n", projects: 2, bytes: 7, failures: [gap])
        #expect(Outcome(data: scratch.path) == nil)
        try outcome.write(data: scratch.path)
        #expect(Outcome(data: scratch.path) == outcome && !outcome.isGood)
    }
}
