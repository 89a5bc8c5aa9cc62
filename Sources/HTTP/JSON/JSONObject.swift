/// The members of a JSON object, in their order. A name is there once.
///
/// Names are the same when their bytes are: unlike `String`'s `==`, which takes two ways to write `é` for one.
package struct JSONObject: Sendable {
    package struct Member: Hashable, Sendable {
        package let name: String
        package var value: JSONValue
    }

    /// Beyond this many members, names are found by hash.
    private static let scannedMax = 16

    package private(set) var members: [Member] = []
    private var places: [Name: Int]?

    package init() {}

    /// Of two members of one name the last counts.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        for (name, value) in members { self[name] = value }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// The value of a name. Setting keeps the member's place, or adds it behind the others; nil takes it away.
    package subscript(_ name: String) -> JSONValue? {
        get { place(of: name).map { members[$0].value } }
        set {
            switch (place(of: name), newValue) {
            case (let place?, let value?): members[place].value = value
            case (nil, let value?): append(name, value)
            case (let place?, nil):
                members.remove(at: place)
                if places != nil { index() }
            case (nil, nil): break
            }
        }
    }

    mutating func append(_ name: String, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
        if places != nil {
            places?[Name(text: name)] = members.count - 1
        } else if members.count > Self.scannedMax {
            index()
        }
    }

    private func place(of name: String) -> Int? {
        if let places { return places[Name(text: name)] }
        return members.firstIndex { Name.areSame($0.name, name) }
    }

    private mutating func index() {
        guard members.count > Self.scannedMax else { return places = nil }
        var places: [Name: Int] = [:]
        places.reserveCapacity(members.count)
        for (place, member) in members.enumerated() { places[Name(text: member.name)] = place }
        self.places = places
    }
}

extension JSONObject: Hashable {
    package static func == (a: Self, b: Self) -> Bool { a.members == b.members }
    package func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

/// A name compared by its bytes.
private struct Name: Hashable {
    let text: String

    static func == (a: Self, b: Self) -> Bool { areSame(a.text, b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    static func areSame(_ a: String, _ b: String) -> Bool {
        guard a.utf8.count == b.utf8.count else { return false }
        return a.utf8.elementsEqual(b.utf8)
    }
}
