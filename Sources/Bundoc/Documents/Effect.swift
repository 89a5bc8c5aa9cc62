/// What a write did, with everything decided: applying it again gives the same state.
package enum Effect: Hashable, Sendable {
    /// Collections are numbered; a number is never used again, so that what a dropped collection leaves behind cannot
    /// come back with a new one of its name.
    case createCollection(CollectionNumber, name: String)
    case dropCollection(CollectionNumber)
    /// The document as stored (`DocumentForm`).
    case put(CollectionNumber, id: String, document: [UInt8])
    case delete(CollectionNumber, id: String)
}

package struct CollectionNumber: Hashable, Comparable, Sendable {
    package let number: UInt32
    package init(_ number: UInt32) { self.number = number }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}

/// A document's place in the order of all writes of its project; 1 is the first.
package struct Revision: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package var description: String { String(number) }
    package static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
