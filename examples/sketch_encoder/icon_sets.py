"""Which picture sets are used, in which role, and which icon names do not name a drawable thing."""

from __future__ import annotations

from . import emoji_font


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Each set's licence is read from the package; a licence that is not listed here is an error.
PERMISSIVE = {"MIT", "Apache-2.0", "ISC", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "Unlicense"}

UNSEEN_STYLE = "openmoji"  # CC-BY-SA-4.0: used for measuring only
EMOJI = (
    "twemoji", "noto", "noto-v1", "fluent-emoji", "fluent-emoji-flat", "emojione", "fxemoji",
    "streamline-emojis", "fluent-emoji-high-contrast", "emojione-monotone", "symbola",
)  # fmt: skip
COLOUR = (
    "icon-park", "streamline-freehand-color", "streamline-ultimate-color",
    "streamline-plump-color", "streamline-kameleon-color", "streamline-color",
    "streamline-stickies-color", "marketeq", "flat-color-icons", "meteocons",
)  # fmt: skip
ONE_COLOUR = (
    "game-icons", "streamline-freehand", "pinhead", "healthicons", "mdi", "ph", "tabler", "lucide",
    "lucide-lab", "fa7-solid", "streamline-ultimate", "maki", "temaki", "roentgen", "osmic",
    "hugeicons", "solar", "mingcute", "iconoir", "dinkie-icons", "streamline-pixel", "covid",
    "medical-icon",
)  # fmt: skip
ONE_COLOUR_EMOJI = {"fluent-emoji-high-contrast", "emojione-monotone", emoji_font.NAME}
CLIPART = "openclipart"

# How often a picture of a set is chosen for training, relative to the others.
WEIGHT = (
    dict.fromkeys(EMOJI, 3.0)
    | dict.fromkeys(COLOUR, 1.5)
    | dict.fromkeys(ONE_COLOUR, 0.5)
    | {"game-icons": 1.0, "streamline-freehand": 1.2, CLIPART: 1.5}
)

# Sets that ImageNet's classifier is run on: in colour, as photographs are.
TAUGHT = frozenset((*EMOJI, *COLOUR, CLIPART)) - ONE_COLOUR_EMOJI

# An icon with one of these words in its name is part of an interface, not a thing to draw.
INTERFACE_WORDS = _words(
    """
    account add ai align alignment alt analytics android angular api app apps arrow arrows ascending
    aspect attachment audio auto backup backward bar bell-off bezier bitcoin blank blog bluetooth
    border brand branch breakpoint brightness
    browser bug bullet business button cancel caret check
    checkbox checked chevron chrome circle cjk clipboard close cloud-data code collapse column
    comment commit config configuration connect connection contrast copy copyright corner cpp crop
    css currency cursor cut dash dashboard data database date debian debug decimal decrease delete
    descending diagram direction disabled distribute dns docker document dollar domain dot dots
    double down download draft drag edge edit eject email euro exclude expand export exposure
    external facebook favorite fibonacci file files filter finance firefox flag flags flip flow
    folder folders font forbidden format forward fps framework franc full fullscreen function
    gesture git github gitlab google graph grid group hash hdr height hd hide hierarchy history
    horizontal html http https icon ideograph import in inbox incoming increase indent info
    information input instagram interface intersect invoice iso java javascript join js json
    justify kanban key-hole keycap kpi kubernetes label language layer layers layout left letter
    line linear linkedin link linux lira list load loading lock-open log login logo logout loop
    management margin marketing math maximize megabyte menu merge message messages microsoft
    minimize minus mobile-data mode module money-payment move mp3 mp4 multiple mute negative
    network next node note-text number off online open option order ordered out outgoing output
    padding page pages panel paragraph password paste path pause payment pdf percent permission
    php pin pip pixel play plus point pointer polygon pound preview previous priority private
    process profile progress project publish pull python qr query question quote radio-button
    radius ratio react record rectangle redo reduce refresh reload remove repeat reply report
    request reset resize resolution restart restore return reverse rewind right roaming rotate
    rounded row rows ruble rupee ruby rust sata saturation save scale scan schedule screen scroll
    sd search security select selection send seo server service setting settings share shape
    shapes shuffle sidebar sign signal sim sip skip slash slider snap sort source spacing
    speaker-phone split sql square stack star-half start status step stop storage stream
    strikethrough style subscript subtract superscript svg swap switch symbol sync synchronize tab
    table tablerow tabs tag tags task template terminal text tiktok timer-off title toggle token
    tool toolbar top touchpad transaction transfer transform translate trend trending triangle
    twitter type typescript typography ubuntu ui underline undo unfold ungroup unlink update
    upload url usb user users validation variable vector version vertical video view virtual
    visibility voicemail volume vue warning web website width wifi window windows won wrap www xls
    xml yen yuan youtube zip zoom
    """
)
# Words at the end of an icon's name that describe its look, not what it shows.
LOOKS = _words(
    """
    alt black bold broken color duo duotone fill filled flat large light line linear medium mono
    outline outlined regular sharp simple small solid thin variant white
    """
)
