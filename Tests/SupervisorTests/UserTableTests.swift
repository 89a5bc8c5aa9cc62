import Nouns
import SupervisorShell
import Testing

struct UserTableTests {
    private let range: ClosedRange<UInt32> = 5000...5003

    private func owner(_ name: String) -> UserOwner { UserOwner(name)! }

    @Test func `gives fresh ids first, and none twice`() {
        var table = UserTable()
        for expected in 5001...5003 as ClosedRange<UInt32> {
            let id = table.next(in: range) { _ in true }
            #expect(id == expected)
            table.give(expected, to: owner("p\(expected)"))
            // Even a released one waits until all others were used.
            if expected == 5001 { table.release(owner("p5001"), 5001) }
        }
        #expect(table.owner(of: 5001) == nil)
        #expect(table.owner(of: 5002) == owner("p5002"))
    }

    @Test func `gives a released id again only when nothing of its owner is left, the oldest first`() {
        var table = UserTable()
        for id in 5001...5003 as ClosedRange<UInt32> { table.give(id, to: owner("p\(id)")) }
        #expect(table.next(in: range) { _ in true } == nil)
        table.release(owner("p5003"), 5003)
        table.release(owner("p5001"), 5001)
        #expect(table.next(in: range) { _ in false } == nil)
        #expect(table.next(in: range) { _ in true } == 5003)
        #expect(table.next(in: range) { $0 == owner("p5001") } == 5001)
        table.give(5003, to: owner("q"))
        #expect(table.next(in: range) { _ in true } == 5001)
        table.give(5001, to: owner("r"))
        #expect(table.next(in: range) { _ in true } == nil)
    }

    @Test func `never gives the group of the services to a project`() {
        var table = UserTable()
        table.release(owner("p"), 5000)
        for id in 5001...5003 as ClosedRange<UInt32> { table.give(id, to: owner("p\(id)")) }
        #expect(table.next(in: range) { _ in true } == nil)
    }

    @Test func `survives being written down and read again`() {
        var state = JournalState()
        for entry in [
            JournalEntry.user(owner("a"), 5001, isReleased: false), .user(owner("@front"), 5002, isReleased: false),
            .user(owner("b"), 5003, isReleased: false), .user(owner("b"), 5003, isReleased: true),
        ] {
            state.apply(entry)
        }
        var damaged = 0
        let again = JournalState(reading: state.entries.flatMap { $0.encoded() }, damaged: &damaged)
        #expect(damaged == 0)
        #expect(again.users == state.users)
        #expect(again.users.ids == [owner("a"): 5001, owner("@front"): 5002])
        #expect(again.users.next(in: range) { _ in true } == 5003)
    }
}
