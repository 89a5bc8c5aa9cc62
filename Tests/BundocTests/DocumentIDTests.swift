import Documents
import Nouns
import Testing

@Suite struct DocumentIDTests {
    @Test(arguments: ["1", "1700000000000000000", "a b", "é", "query", "?#%", String(repeating: "x", count: 128)])
    func `accepts what is of the form`(text: String) throws {
        #expect(try DocumentID(text).text == text)
    }

    @Test(arguments: ["", ".", "..", "a/b", "a\tb", "\u{7F}", String(repeating: "x", count: 129)])
    func `refuses what is not`(text: String) throws {
        let fault = try #require(throws: Fault.self) { try DocumentID(text) }
        #expect(fault.status == 400 && fault.code == "document.id_malformed")
    }

    @Test func `generates the id that the ULID specification gives`() {
        var generator = IDGenerator()
        // 01ARZ3NDEK is the specification's example time.
        let id = generator.next(at: 1_469_922_850_259, random: (0, 31))
        #expect(id.text == "01ARZ3NDEK000000000000000Z")
    }

    @Test func `generates ids that ascend, also when the clock does not`() {
        var generator = IDGenerator()
        var last = ""
        for moment: Int64 in [1, 1, 1, 2, 2, 1, 0, 3] {
            let id = generator.next(at: moment, random: (.max, .max - 1)).text
            #expect(id > last)
            last = id
        }
    }

    @Test func `generates other ids from other randomness`() {
        var one = IDGenerator()
        var two = IDGenerator()
        #expect(one.next(at: 1, random: (1, 2)) != two.next(at: 1, random: (1, 3)))
    }
}
