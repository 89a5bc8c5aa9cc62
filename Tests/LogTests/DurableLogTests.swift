import Linux
import Log
import Testing

@Suite struct DurableLogTests {
    @Test func `gives back what was appended, after it was opened again`() throws {
        let scratch = try Scratch()
        do {
            let log = try DurableLog(directory: scratch.path)
            #expect(log.end == .zero)
            try log.append("first")
            try log.append("second", kind: 7, time: -3)
            try log.commit()
            try log.append("third")
            try log.commit()
            #expect(log.durable == Offset(3))
        }
        let log = try DurableLog(directory: scratch.path)
        #expect(log.end == Offset(3))
        #expect(log.recovery.tornTail == nil)
        let records = try log.records()
        #expect(records.map(\.text) == ["first", "second", "third"])
        #expect(records.map(\.offset) == [Offset(0), Offset(1), Offset(2)])
        #expect(records[1].kind == 7)
        #expect(records[1].time == -3)
    }

    @Test func `what was not committed is not there`() throws {
        let scratch = try Scratch()
        do {
            let log = try DurableLog(directory: scratch.path)
            try log.append("kept")
            try log.commit()
            try log.append("lost")
        }
        #expect(try DurableLog(directory: scratch.path).texts() == ["kept"])
    }
}
