import Foundation
import Launcher
import Testing

struct RunLockTests {
    let path = FileManager.default.temporaryDirectory.appending(path: "lock-\(UUID())").path

    @Test func `is held by one at a time, and says by whom`() throws {
        defer { unlink(path) }
        #expect(RunLock.holder(at: path) == nil)
        var lock = try RunLock(at: path)
        #expect(lock != nil)
        #expect(RunLock.isHeld(at: path))
        #expect(RunLock.holder(at: path) == getpid())
        #expect(try RunLock(at: path) == nil)
        lock = nil
        #expect(!RunLock.isHeld(at: path))
        #expect(RunLock.holder(at: path) == nil)
        lock = try RunLock(at: path)
        #expect(lock != nil)
    }
}
