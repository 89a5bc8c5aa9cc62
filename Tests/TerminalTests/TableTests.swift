import Terminal
import Testing

struct TableTests {
    static var table: Table {
        var table = Table([("NAME", .left), ("SIZE", .right), ("NOTE", .left)])
        table.add(["a", "1", Table.Cell("fine", .green)])
        table.add(["longer", "12345", ""])
        return table
    }

    @Test func `aligns its columns and leaves no spaces at the end`() {
        #expect(
            Self.table.text(Style(isColoured: false)) == """
                NAME     SIZE  NOTE
                a           1  fine
                longer  12345

                """)
    }

    @Test func `aligns by what is seen, not by the marks for colours`() {
        var table = Table([("A", .left), ("B", .left)])
        table.add([Table.Cell("x", .red), "y"])
        #expect(table.text(Style(isColoured: true)).contains("\u{1b}[31mx\u{1b}[0m  y\n"))
    }
}
