"""What the made-up retailer is: two brands with their companies, stores, products, campaigns, pages."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BRANDS",
    "CAMPAIGNS",
    "CONTROLLERS",
    "DOMAINS",
    "FAMILIES",
    "PAGES",
    "PLATFORMS",
    "PRODUCTS",
    "STORES",
    "Campaign",
    "Store",
]

# brand_id, its mail domain and the legal entity that sells under it.
BRANDS = ("maison_claire", "atelier_nord")
DOMAINS = ("maison-claire.example", "atelier-nord.example")
CONTROLLERS = ("Maison Claire SA", "Atelier Nord SAS")


@dataclass(frozen=True)
class Store:
    """A place that sells. `line` is the index of its desk telephone among the company's numbers."""

    store_id: str
    name: str
    kind: str
    brand: int
    postcode: str
    city: str
    line: int
    time_zone: str = "Europe/Paris"


STORES: tuple[Store, ...] = (
    Store("S01", "Maison Claire Paris Rivoli", "store", 0, "75001", "Paris", 101),
    Store("S02", "Maison Claire Paris Beaugrenelle", "store", 0, "75015", "Paris", 102),
    Store("S03", "Maison Claire Lyon", "store", 0, "69002", "Lyon", 103),
    Store("S04", "Maison Claire Marseille", "store", 0, "13006", "Marseille", 104),
    Store("S05", "Maison Claire Bordeaux", "store", 0, "33000", "Bordeaux", 105),
    Store("S06", "Maison Claire Lille", "store", 0, "59000", "Lille", 106),
    Store("S07", "Maison Claire Toulouse", "store", 0, "31000", "Toulouse", 107),
    Store("S08", "Maison Claire Nantes", "store", 0, "44000", "Nantes", 108),
    Store("S09", "Atelier Nord Paris Marais", "store", 1, "75004", "Paris", 109),
    Store("S10", "Atelier Nord Strasbourg", "store", 1, "67000", "Strasbourg", 110),
    Store("S11", "Atelier Nord Rennes", "store", 1, "35000", "Rennes", 111),
    Store("S12", "Maison Claire Genève", "store", 0, "1204", "Genève", 112, "Europe/Zurich"),
    Store("W01", "Maison Claire en ligne", "web", 0, "93200", "Saint-Denis", 113),
    Store("W02", "Atelier Nord en ligne", "web", 1, "93200", "Saint-Denis", 114),
    Store("E01", "Entrepôt Saint-Denis", "warehouse", 0, "93200", "Saint-Denis", 115),
    Store("P01", "Corner grand magasin Lyon", "partner", 1, "69003", "Lyon", 116),
)

FAMILIES = ("home", "beauty", "fashion", "kitchen", "electronics", "toys")
_MODELS = (
    "Alba",
    "Brume",
    "Céleste",
    "Dune",
    "Éclat",
    "Flore",
    "Givre",
    "Horizon",
    "Iris",
    "Jade",
    "Kiosque",
    "Lune",
)
_GOODS: tuple[tuple[int, tuple[tuple[str, int], ...]], ...] = (
    (0, (("Lampe", 4990), ("Plaid", 3490), ("Bougie", 1890), ("Vase", 2750), ("Coussin", 2290))),
    (1, (("Crème de jour", 3200), ("Eau de parfum", 6900), ("Savon", 790), ("Sérum", 4550))),
    (2, (("Écharpe", 3990), ("Pull", 5990), ("Robe", 7990), ("Chemise", 4590), ("Sac", 8900))),
    (3, (("Théière", 3390), ("Poêle", 4190), ("Saladier", 2490), ("Couteau", 2890))),
    (4, (("Enceinte", 8990), ("Casque audio", 12990), ("Réveil", 3990))),
    (5, (("Puzzle", 1690), ("Peluche", 1990), ("Jeu de société", 2990))),
)
# (product_id, name, family, price in cents)
PRODUCTS: list[tuple[str, str, int, int]] = [
    (f"P{family}{good:02d}{model:02d}", f"{name} {title}", family, price + 110 * model)
    for family, goods in _GOODS
    for good, (name, price) in enumerate(goods)
    for model, title in enumerate(_MODELS)
]

PLATFORMS = ("x", "facebook", "instagram", "youtube", "tiktok", "linkedin", "forum", "review_site")
# platform, brand, purpose: the company's own pages; the first of a platform answers there.
PAGES: tuple[tuple[str, int, str], ...] = (
    ("x", 0, "service"),
    ("facebook", 0, "commercial"),
    ("instagram", 0, "commercial"),
    ("youtube", 0, "corporate"),
    ("tiktok", 0, "commercial"),
    ("linkedin", 0, "corporate"),
    ("forum", 0, "community"),
    ("review_site", 0, "service"),
    ("facebook", 1, "commercial"),
    ("instagram", 1, "commercial"),
    ("x", 1, "service"),
)


@dataclass(frozen=True)
class Campaign:
    """A campaign. `begin` is its place in the window, from 0 to 1; `cost` is in hundredths per customer."""

    campaign_id: str
    name: str
    channel: str
    kind: str
    topic: str
    begin: float
    days: int
    cost: int
    brand: int
    effect: float = 0.01
    currency: str = "EUR"
    description: str = ""
    is_backlash: bool = False


_MAIL = [
    Campaign(f"EM{number:02d}", name, "email", "organic", topic, begin, 3, 4, brand, effect)
    for number, (name, topic, begin, brand, effect) in enumerate(
        (
            ("Noël en avance", "gifts", 0.04, 0, 0.02),
            ("Soldes d'hiver", "sales", 0.19, 0, 0.025),
            ("Atelier Nord: lin et laine", "fashion", 0.28, 1, 0.01),
            ("Printemps à la maison", "home", 0.38, 0, 0.012),
            ("Fête des mères", "gifts", 0.56, 0, 0.015),
            ("Soldes d'été", "sales", 0.64, 0, 0.02),
            ("Nouvelle application", "app", 0.70, 0, 0.008),
            ("Rentrée", "home", 0.83, 0, 0.012),
            ("Atelier Nord: avant-première", "fashion", 0.90, 1, 0.01),
        ),
        start=1,
    )
]
CAMPAIGNS: tuple[Campaign, ...] = (
    *_MAIL,
    Campaign("SM01", "SMS ventes privées", "sms", "organic", "sales", 0.18, 4, 6, 0, 0.008),
    Campaign("SM02", "SMS soldes d'été", "sms", "organic", "sales", 0.63, 4, 6, 0, 0.008),
    Campaign("SO01", "Instagram: collection lin", "social", "paid", "fashion", 0.27, 25, 30, 1, 0.006),
    Campaign("SO02", "Facebook: gagnez un bon d'achat", "social", "paid", "followers", 0.45, 15, 25, 0, 0.003),
    Campaign("SO03", "Conseils déco de la communauté", "social", "organic", "home", 0.30, 60, 3, 0, 0.004),
    Campaign(
        "TV01", "Spot TV « Voyage en famille »", "tv", "broadcast", "family_trip", 0.52, 14, 160, 0, 0.012,
        description="Une famille manque son train et rit; musique entraînante.", is_backlash=True,
    ),
    Campaign("TV02", "Spot TV de Noël", "tv", "broadcast", "gifts", 0.06, 20, 180, 0, 0.015),
    Campaign("RA01", "Radio rentrée", "radio", "broadcast", "home", 0.82, 10, 45, 0, 0.006),
    Campaign("DI01", "Bannières printemps", "display", "paid", "home", 0.37, 20, 28, 0, 0.004),
    Campaign("SE01", "Moteurs de recherche", "search", "paid", "all", 0.0, 365, 70, 0, 0.02),
    Campaign("LE01", "Catalogue d'automne", "letter", "broadcast", "home", 0.88, 12, 95, 0, 0.012),
    Campaign("LE02", "Courrier anniversaire", "letter", "organic", "loyalty", 0.10, 300, 12, 0, 0.004),
    Campaign("PH01", "Appels clients fidèles", "phone", "organic", "loyalty", 0.68, 10, 20, 0, 0.003),
    Campaign("ST01", "Journée portes ouvertes", "store", "broadcast", "all", 0.34, 2, 14, 0, 0.004),
    Campaign("WE01", "Page d'accueil soldes", "web", "organic", "sales", 0.19, 30, 2, 0, 0.006),
    Campaign("GE01", "Ouverture de Genève", "store", "broadcast", "all", 0.15, 7, 9, 0, 0.002, "CHF"),
)  # fmt: skip
