"""Write figures (SVG and PNG) and tables (CSV) into a report's folder."""

from __future__ import annotations

from pathlib import Path

from reports.document import Document
from reports.figures.style import to_inline_svg, to_png, to_svg


def save_files(document: Document, folder: Path) -> dict[str, str]:
    """Write figures/ and tables/; return the SVG of each figure, fit to stand in the page."""
    figures, tables = folder / "figures", folder / "tables"
    figures.mkdir(parents=True)
    tables.mkdir()
    inline = {}
    for part in document.parts:
        for drawing in part.drawings:
            svg = to_svg(drawing.figure)
            (figures / f"{drawing.name}.svg").write_text(svg, encoding="utf-8")
            (figures / f"{drawing.name}.png").write_bytes(to_png(drawing.figure))
            inline[drawing.name] = to_inline_svg(svg, drawing.name)
        for table in part.tables:
            (tables / f"{table.name}.csv").write_text(table.to_csv(), encoding="utf-8")
    return inline
