/// Finds what a mistyped name was meant to be.
enum Spelling {
    /// The known name with the fewest changes, when those are few.
    static func nearest(to name: String, in known: [String]) -> String? {
        let best = known.map { (changes(name, $0), $0) }.min { $0 < $1 }
        guard let best, best.0 <= max(2, name.count / 3) else { return nil }
        return best.1
    }

    /// Levenshtein's distance: letters added, removed or replaced.
    private static func changes(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (letter == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
