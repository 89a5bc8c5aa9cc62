import Nouns
import Routing
import Support
import Testing

struct WaitingRoomTests {
    static func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    let a = ProjectID("a")!
    let b = ProjectID("b")!
    let c = ProjectID("c")!

    /// Fills the room with the numbers of each project's requests.
    func room(_ requests: [(ProjectID, ClosedRange<UInt64>)], until deadline: Int64 = 1_000) -> WaitingRoom {
        var room = WaitingRoom()
        for (project, numbers) in requests {
            for number in numbers {
                let isIn = room.enter(
                    number, of: project, cost: 1, because: .full, deadline: Self.at(deadline), at: Self.at(0))
                #expect(isIn)
            }
        }
        return room
    }

    @Test func `the lines take turns, so that a long one does not come before a short one`() {
        var room = room([(a, 1...6), (b, 11...12), (c, 21...21)])
        let turns = room.admit(at: Self.at(1)) { _, _ in .admitted }.map(\.waiter)
        #expect(turns == [1, 11, 21, 2, 12, 3, 4, 5, 6])
        #expect(room.isEmpty)
    }

    @Test func `places that come one by one go round, also over several calls`() {
        var room = room([(a, 1...4), (b, 11...14)])
        var turns: [UInt64] = []
        for _ in 0..<4 {
            var places = 1
            turns += room.admit(at: Self.at(1)) { _, _ in
                places -= 1
                return places >= 0 ? .admitted : .full
            }.map(\.waiter)
        }
        #expect(turns == [1, 11, 2, 12])
    }

    @Test func `a project that may not come in does not hold up the others`() {
        var room = room([(a, 1...2), (b, 11...12)])
        let turns = room.admit(at: Self.at(1)) { project, _ in project == a ? .full : .admitted }.map(\.waiter)
        #expect(turns == [11, 12])
        #expect(room.hasLine(a) && !room.hasLine(b))
    }

    @Test func `who waits for the rate is looked at when its time comes`() {
        var room = WaitingRoom()
        let isIn = room.enter(
            1, of: a, cost: 3, because: .early(by: .milliseconds(40)), deadline: Self.at(100), at: Self.at(0))
        #expect(isIn)
        #expect(room.nextDeadline(at: Self.at(0)) == Self.at(40))
        var asked: [Int] = []
        let early = room.admit(at: Self.at(39)) { _, cost in
            asked.append(cost)
            return .admitted
        }
        #expect(early.isEmpty && asked.isEmpty)
        #expect(room.admit(at: Self.at(40)) { _, cost in cost == 3 ? .admitted : .full }.map(\.waiter) == [1])
    }

    @Test func `nobody waits for what comes too late`() {
        var room = WaitingRoom()
        let isIn = room.enter(
            1, of: a, cost: 1, because: .early(by: .seconds(2)), deadline: Self.at(1_000), at: Self.at(0))
        #expect(!isIn && room.isEmpty)
    }

    @Test func `who has waited long enough goes, and who has gone is not let in`() {
        var room = room([(a, 1...3)], until: 50)
        room.leave(2, of: a)
        #expect(room.nextDeadline(at: Self.at(0)) == Self.at(50))
        #expect(room.expire(at: Self.at(49)).isEmpty)
        #expect(room.expire(at: Self.at(50)).map(\.waiter) == [1, 3])
        #expect(room.isEmpty && room.nextDeadline(at: Self.at(50)) == nil)
        #expect(room.admit(at: Self.at(50)) { _, _ in .admitted }.isEmpty)
    }

    @Test func `the room as a whole has a limit`() {
        var room = WaitingRoom()
        for number in 0..<UInt64(WaitingRoom.countMax) {
            _ = room.enter(
                number, of: ProjectID("p\(number % 64)")!, cost: 1, because: .full, deadline: Self.at(9), at: Self.at(0)
            )
        }
        let isIn = room.enter(.max, of: a, cost: 1, because: .full, deadline: Self.at(9), at: Self.at(0))
        #expect(!isIn)
        #expect(room.count == WaitingRoom.countMax)
    }

    /// Whatever happens in whatever order, each request comes out once, and only in time.
    @Test(arguments: 0..<20) func `every request leaves exactly once`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var room = WaitingRoom()
        var inside: [UInt64: (project: ProjectID, deadline: Instant)] = [:]
        var (now, next): (Int64, UInt64) = (0, 1)
        for _ in 0..<2_000 {
            now += Int64.random(in: 0...3, using: &random)
            let moment = Self.at(now)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let project = [a, b, c].randomElement(using: &random)!
                let deadline = Self.at(now + Int64.random(in: 1...40, using: &random))
                let reason: Admittance = Bool.random(using: &random) ? .full : .early(by: .milliseconds(5))
                if room.enter(next, of: project, cost: 1, because: reason, deadline: deadline, at: moment) {
                    inside[next] = (project, deadline)
                }
                next += 1
            case 2:
                var places = Int.random(in: 0...3, using: &random)
                let turns = room.admit(at: moment) { _, _ in
                    places -= 1
                    return places >= 0 ? .admitted : .full
                }
                for turn in turns { #expect(inside.removeValue(forKey: turn.waiter)?.project == turn.project) }
            default:
                if let gone = inside.keys.sorted().randomElement(using: &random), Bool.random(using: &random) {
                    room.leave(gone, of: inside.removeValue(forKey: gone)!.project)
                }
                for turn in room.expire(at: moment) {
                    #expect(inside.removeValue(forKey: turn.waiter).map { $0.deadline <= moment } == true)
                }
            }
            #expect(room.count == inside.count)
            if room.isEmpty { #expect(!room.hasLine(a) && !room.hasLine(b) && !room.hasLine(c)) }
        }
    }
}
