import Documents
import Nouns
import Testing

@Suite struct PreconditionTests {
    private func status(_ ifMatch: String?, _ ifNoneMatch: String?, stored: UInt64?) -> Int? {
        do throws(Fault) {
            try Precondition(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch).check(stored.map { Revision($0) })
            return nil
        } catch {
            return error.status
        }
    }

    @Test func `holds as RFC 9110 says`() {
        #expect(status(nil, nil, stored: nil) == nil)
        #expect(status("\"5\"", nil, stored: 5) == nil)
        #expect(status(" \"4\" ,\"5\"", nil, stored: 5) == nil)
        #expect(status("\"4\"", nil, stored: 5) == 412)
        #expect(status("\"4\"", nil, stored: nil) == 412)
        #expect(status("*", nil, stored: 5) == nil)
        #expect(status("*", nil, stored: nil) == 412)
        #expect(status(nil, "*", stored: nil) == nil)
        #expect(status(nil, "*", stored: 5) == 412)
    }

    @Test(arguments: ["5", "W/\"5\"", "\"\"", "\"x\"", "", ","])
    func `refuses what it cannot read`(ifMatch: String) {
        #expect(status(ifMatch, nil, stored: 5) == 400)
    }

    @Test func `refuses two demands, and tags that must be missing`() {
        #expect(status("\"5\"", "*", stored: 5) == 400)
        #expect(status(nil, "\"5\"", stored: 5) == 400)
    }

    @Test func `reads the tag that it writes`() {
        #expect(status(Revision(12).tag, nil, stored: 12) == nil)
    }
}
