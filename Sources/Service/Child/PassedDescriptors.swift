import Linux

/// Open descriptors that another process passed to this one, by name (`DescriptorName`). What nobody takes is closed.
package struct PassedDescriptors {
    private var all: [(name: String, descriptor: Descriptor)]

    package init(_ all: [(name: String, descriptor: Descriptor)] = []) { self.all = all }

    /// Takes the first of a name out.
    package mutating func takeOne(_ name: String) -> Descriptor? {
        guard let index = all.firstIndex(where: { $0.name == name }) else { return nil }
        return all.remove(at: index).descriptor
    }

    /// Takes all of a name out, in their order.
    package mutating func take(_ name: String) -> [Descriptor] {
        let taken = all.filter { $0.name == name }.map(\.descriptor)
        all.removeAll { $0.name == name }
        return taken
    }

    package var names: [String] { all.map(\.name) }
}
