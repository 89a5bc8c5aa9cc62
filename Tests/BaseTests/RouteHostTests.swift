import Contracts
import Testing

struct RouteHostTests {
    @Test(arguments: [
        ("api.example.org", RouteHost.exact("api.example.org")), ("localhost", .exact("localhost")),
        ("{project}.functions.example.org", .project(under: "functions.example.org")),
        ("{project}.localhost", .project(under: "localhost")), ("*.example.org", .any(under: "example.org")),
    ])
    func `reads the three forms and writes them back`(text: String, pattern: RouteHost) {
        #expect(RouteHost(text) == pattern)
        #expect(pattern.description == text)
    }

    @Test(arguments: [
        "", ".", "a.", ".a", "a..b", "A.example", "a_b", "-a", "a-", "*", "*.", "{project}", "{project}.", "a.*.b",
        "*.*.a", "a{project}.b", "{Project}.a", "a:80", "[::1]", String(repeating: "a", count: 64),
        "*." + String(repeating: "abcdefg.", count: 24) + "a",
    ])
    func `refuses what is no host`(text: String) { #expect(RouteHost(text) == nil) }
}
