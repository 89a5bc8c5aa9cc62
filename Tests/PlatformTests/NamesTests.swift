import JSON
import Nouns
import Projects
import Support
import Testing

struct ProjectNameTests {
    @Test(arguments: ["a", "Größe 1", "  x  ", "日本", String(repeating: "n", count: 100)])
    func `takes 1 to 100 characters`(text: String) {
        #expect(ProjectName(text) != nil)
    }

    @Test(arguments: ["", "   ", "\n", "a\nb", "a\0", "a\u{7F}", "a\u{2028}b", String(repeating: "n", count: 101)])
    func `refuses blank and long ones and control characters`(text: String) {
        #expect(ProjectName(text) == nil)
    }

    @Test func `leaves white space at both ends out`() {
        #expect(ProjectName(" \t my app ")?.text == "my app")
    }
}

struct SlugTests {
    @Test(arguments: [
        ("My App", "my-app"), ("my_app 2", "my-app-2"), ("Größe!", "gre"), ("日本", "project"), ("a--b", "a--b"),
        ("ÄÖÜ", "project"), ("-", "-"), ("A/B.C", "abc"),
    ])
    func `is the name in lower case with what is not of the form left out`(name: String, slug: String) throws {
        #expect(Slug(try #require(ProjectName(name))).text == slug)
    }

    @Test func `is told apart by 8 hex digits`() throws {
        let name = try #require(ProjectName("My App"))
        #expect(Slug(name, distinguishedBy: 0xBEEF).text == "my-app-0000beef")
        #expect(Slug(stored: "my-app-0000beef") != nil)
        #expect(Slug(stored: "My") == nil)
        #expect(Slug(stored: "") == nil)
    }
}

struct ProjectTests {
    @Test func `has a random UUID of version 4 as its id`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<100 {
            let id = Project.id(random: (random.next(), random.next())).text
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
        #expect(Project.id(random: (0, 0)).text == "00000000-0000-4000-8000-000000000000")
        #expect(Project.id(random: (.max, .max)).text == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }

    @Test func `has a key that does not show itself`() throws {
        let key = ProjectKey(random: (1, 0xABC))
        #expect(key.text == "pk_00000000000000010000000000000abc")
        #expect("\(key)" == "key(hidden)")
        #expect(ProjectKey(key.text) == key)
        for text in [
            "", "pk_", "pk_0000000000000001000000000000ABCD", "sk_00000000000000010000000000000abc", key.text + "0",
        ] {
            #expect(ProjectKey(text) == nil)
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (1_795_440_225_250, "2026-11-23T13:23:45.250Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] as [(Int64, String)])
    func `is shown to operators with times in RFC 3339`(milliseconds: Int64, text: String) throws {
        let name = try #require(ProjectName("a \"b\""))
        let project = Project(
            id: Project.id(random: (1, 2)), name: name, slug: Slug(name), key: ProjectKey(random: (3, 4)),
            created: milliseconds, updated: milliseconds)
        var writer = JSONWriter()
        project.write(to: &writer)
        let value = try JSONValue(parsing: writer.bytes)
        #expect(value["created_at"]?.string == text)
        #expect(value["updated_at"]?.string == text)
        #expect(value["name"] == "a \"b\"")
        #expect(value["state"] == "active")
        #expect(value["public_api_key"]?.string == project.key.text)
        #expect(value["slug"] == "a-b")
    }
}
