import JSON
import Testing

struct JSONObjectTests {
    @Test(arguments: [3, 16, 17, 500])
    func `finds, replaces and removes members, few or many, and keeps their order`(count: Int) {
        var object = JSONObject((0..<count).map { ("n\($0)", .integer(Int64($0))) })
        #expect(object.members.map(\.name) == (0..<count).map { "n\($0)" })
        object["n1"] = "new"
        #expect(object.count == count)
        #expect(object.members[1].value == "new")
        object["n0"] = nil
        #expect(object["n0"] == nil)
        #expect(object.count == count - 1)
        #expect(object["n2"] == 2)
        #expect(object["n\(count)"] == nil)
        object["n0"] = 0
        #expect(object.members.last?.name == "n0")
        #expect(object["n\(count - 1)"] == .integer(Int64(count - 1)))
    }

    @Test func `parses many members in linear time`() throws {
        let members = (0..<100_000).map { "\"n\($0)\":\($0)" }
        let start = ContinuousClock.now
        let value = try JSONValue(parsing: "{" + members.joined(separator: ",") + "}")
        #expect(value["n99999"] == 99_999)
        // A scan for each name would take minutes.
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func `gives members by type, and nothing for another type`() throws {
        let value = try JSONValue(parsing: #"{"s":"x","i":3,"f":2.5,"w":4.0,"b":true,"a":[1],"n":null}"#)
        #expect(value["s"]?.string == "x")
        #expect(value["i"]?.int == 3)
        #expect(value["f"]?.int == nil)
        #expect(value["f"]?.double == 2.5)
        #expect(value["w"]?.integer == 4)
        #expect(value["b"]?.bool == true)
        #expect(value["a"]?[0] == 1)
        #expect(value["a"]?[1] == nil)
        #expect(value["n"]?.isNull == true)
        #expect(value["s"]?.int == nil)
        #expect(value["s"]?["x"] == nil)
        #expect(value["missing"] == nil)
    }
}
