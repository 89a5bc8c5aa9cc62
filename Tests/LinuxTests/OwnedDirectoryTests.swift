import CLinux
import Foundation
import Glibc
import Linux
import Testing

@Suite(.enabled(if: getuid() == 0))
struct OwnedDirectoryTests {
    private let scratch = Scratch()
    private let user: UInt32 = 61_234

    private func owner(_ name: String) -> UInt32? {
        var status = stat()
        return lstat(scratch[name], &status) == 0 ? status.st_uid : nil
    }

    private func fill() throws {
        try FileManager.default.createDirectory(atPath: scratch["data/a/b"], withIntermediateDirectories: true)
        for name in ["data/file", "data/a/file", "data/a/b/file"] {
            #expect(FileManager.default.createFile(atPath: scratch[name], contents: Data("x".utf8)))
        }
        #expect(FileManager.default.createFile(atPath: scratch["outside"], contents: Data("x".utf8)))
        #expect(symlink(scratch["outside"], scratch["data/a/link"]) == 0)
    }

    private var data: OwnedDirectory { OwnedDirectory(scratch["data"], user: user, group: user, mode: 0o700) }

    @Test func `makes a directory that only its user enters`() throws {
        try data.establish(.everything)
        #expect(data.isInPlace)
        var status = stat()
        #expect(lstat(scratch["data"], &status) == 0 && status.st_mode & 0o7777 == 0o700)
        #expect(status.st_uid == user && status.st_gid == user)
    }

    @Test func `gives all that is there, but not what a link leads to`() throws {
        try fill()
        try data.establish(.everything)
        for name in ["data", "data/file", "data/a", "data/a/link", "data/a/b", "data/a/b/file"] {
            #expect(owner(name) == user, "\(name)")
        }
        #expect(owner("outside") == 0)
    }

    @Test func `gives the directories alone, where that is what is asked`() throws {
        try fill()
        try data.establish(.directories)
        #expect(owner("data") == user && owner("data/a") == user && owner("data/a/b") == user)
        #expect(owner("data/file") == 0 && owner("data/a/b/file") == 0)
    }

    @Test func `goes on where it was cut short: the directory itself comes last`() throws {
        try fill()
        #expect(lchown(scratch["data/file"], user, user) == 0)
        #expect(lchown(scratch["data/a"], user, user) == 0)
        #expect(!data.isInPlace)
        try data.establish(.everything)
        #expect(owner("data/a/b/file") == user && data.isInPlace)
    }

    @Test func `does not give away a file that lies elsewhere too, and the directory stays as it was`() throws {
        try fill()
        #expect(link(scratch["outside"], scratch["data/a/b/stolen"]) == 0)
        #expect(throws: SystemError.self) { try data.establish(.everything) }
        #expect(owner("outside") == 0 && !data.isInPlace)
    }

    @Test func `does not follow a link in the directory's own place`() throws {
        try FileManager.default.createDirectory(atPath: scratch["elsewhere"], withIntermediateDirectories: true)
        #expect(symlink(scratch["elsewhere"], scratch["data"]) == 0)
        #expect(throws: SystemError.self) { try data.establish(.everything) }
        #expect(owner("elsewhere") == 0)
    }
}
