import Contracts
import Routing
import Testing

struct ExpiryWatchTests {
    private let day: Int64 = 86_400

    @Test func `one that ends within fourteen days is told, and again when asked`() {
        var watch = ExpiryWatch()
        let words = watch.take(["a.example": 15 * day, "b.example": 14 * day], at: 0)
        #expect(words.map(\.subject) == ["a.example", "b.example"])
        #expect(words.map(\.text) == [nil, "The certificate of b.example expires in 14 days."])
        #expect(watch.raised(at: 0).map(\.subject) == ["b.example"])
        let late = watch.raised(at: 14 * day - 3600).map(\.text)
        #expect(
            late == [
                "The certificate of a.example expires in 25 hours.",
                "The certificate of b.example expires in less than two hours.",
            ])
        #expect(watch.raised(at: 14 * day).last?.text?.contains("has expired") == true)
        #expect(watch.raised(at: day).map(\.subject) == ["a.example", "b.example"])
    }

    @Test func `what is read again unchanged is no news`() {
        var watch = ExpiryWatch()
        _ = watch.take(["a.example": day], at: 0)
        #expect(watch.take(["a.example": day], at: 0).isEmpty)
    }

    @Test func `a renewed or removed one is told to be over`() {
        var watch = ExpiryWatch()
        _ = watch.take(["a.example": day, "b.example": day], at: 0)
        let words = watch.take(["a.example": 90 * day], at: 0)
        #expect(words.map(\.subject) == ["a.example", "b.example"])
        #expect(words.allSatisfy { $0.text == nil })
    }
}
