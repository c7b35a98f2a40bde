"""QR codes as SVG. Drawing is imported only when one is drawn: most acts show none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from restore.codes import RestoreCode

PIXELS_A_MODULE: Final = 6


def restore_qr(server: str, identity: str, code: RestoreCode) -> dict[str, Any]:
    """`qr` of a restore code: what stands behind `#` never reaches a server. It only saves typing."""
    return _qr(f"{server}/restore#i={identity}&c={code.symbols}")


def pairing_qr(server: str, identity: str, pairing: str, secret: str) -> dict[str, Any]:
    """`qr` of a pairing: what another phone scans from the screen of a paired one."""
    return _qr(f"{server}/pair#i={identity}&p={pairing}&s={secret}")


def _qr(uri: str) -> dict[str, Any]:
    import qrcode  # noqa: PLC0415 - 40 ms that only showing a code needs
    from qrcode.image.svg import SvgPathFillImage  # noqa: PLC0415 - the same

    class Drawing(SvgPathFillImage):
        """Sized in pixels: some phones' libraries cannot draw what is sized in millimetres."""

        def units(self, pixels: Any, text: Any = True) -> Any:  # noqa: FBT002 - the library's own form
            modules = super().units(pixels, text=False)
            return str(int(modules) * PIXELS_A_MODULE) if text else modules

    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    drawing.add_data(uri)
    return {"uri": uri, "svg": drawing.make_image(image_factory=Drawing).to_string(encoding="unicode")}
