import Documents
import Nouns
import Testing

@Suite struct CollectionNameTests {
    @Test(arguments: [
        "users", "Users_2.v-1", "a b", "users/42/posts", "documents", "rules", "Städte", "a:b@c", "_private",
        String(repeating: "a", count: 200),
    ])
    func `accepts what is of the form`(text: String) throws {
        #expect(try CollectionName(text).text == text)
    }

    @Test(arguments: [
        "", "/a", "a/", "a//b", ".", "..", "a/../b", " a", "a ", "a/documents", "a/rules/b", "a/indexes", "a/subscribe",
        "$system", "a*", "a?", "a#b", "a%b", "[a]", "a\\b", "a\"b", "a\u{0}b", "a\nb", "a\u{7F}",
        String(repeating: "a", count: 201),
    ])
    func `refuses what is not, and says the form`(text: String) throws {
        let fault = try #require(throws: Fault.self) { try CollectionName(text) }
        #expect(fault.status == 400 && fault.code == "collection.name_malformed")
        #expect(fault.message.contains("1 to 200 bytes"))
    }

    @Test func `is the same only when its bytes are`() throws {
        #expect(try CollectionName("\u{E9}") != CollectionName("e\u{301}"))
    }
}
