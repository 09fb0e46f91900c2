"""Given names, family names, towns and streets from which made-up people are put together.

Common French, English and Spanish names, combined at random: a name that someone bears is chance, and no address,
number or mailbox belongs to anybody (see docs/simulator.md).
"""

from __future__ import annotations

__all__ = [
    "CITIES",
    "ENGLISH_FAMILY",
    "ENGLISH_GIVEN",
    "FAMILY",
    "GIVEN",
    "NICKNAMES",
    "RARE_FAMILY",
    "SPANISH_FAMILY",
    "SPANISH_GIVEN",
    "STREETS",
    "STREET_KINDS",
    "SWISS_CITIES",
]

# (gender, generation) -> given names; generation 0 is born before 1960, 1 before 1985, 2 since.
GIVEN: dict[tuple[str, int], list[str]] = {
    ("female", 0): (
        "Marie Monique Françoise Jacqueline Nicole Catherine Michèle Annie Danielle "
        "Chantal Martine Christiane Jeannine "
        "Colette Josette Simone Denise Odette Andrée Paulette Yvette Ginette Thérèse Geneviève Bernadette Anne-Marie "
        "Marie-Thérèse Huguette Suzanne Renée Liliane Éliane Arlette Raymonde Solange Evelyne Mireille Ghislaine "
        "Marie-Claude Élisabeth"
    ).split(),
    ("female", 1): (
        "Nathalie Isabelle Sylvie Valérie Christine Sandrine Stéphanie Céline Sophie "
        "Véronique Virginie Karine Patricia "
        "Corinne Laurence Delphine Caroline Sabrina Laëtitia Hélène Agnès Florence Cécile Émilie Aurélie Séverine Anne "
        "Marie-Laure Anne-Sophie Claire Béatrice Magali Estelle Carole Fabienne Peggy Géraldine Noémie Élodie Fatima"
    ).split(),
    ("female", 2): (
        "Emma Léa Manon Chloé Camille Inès Jade Louise Zoé Clara Sarah Lola Lucie Anaïs "
        "Marine Pauline Mathilde Juliette "
        "Océane Justine Morgane Mélanie Laura Charlotte Eva Romane Elsa Margaux Maëlys Nina Alicia Yasmine Lina Salomé "
        "Agathe Ambre Capucine Anouk Maëva Aïcha"
    ).split(),
    ("male", 0): (
        "Jean Michel Pierre Jacques André Bernard Claude Gérard Daniel Alain Roger René "
        "Marcel Robert Guy Georges Maurice "
        "Jean-Claude Jean-Pierre Raymond Yves Serge Henri Louis Roland Gilbert Lucien Christian Francis Jean-Paul Paul "
        "Joseph Hubert Fernand Rémy Gaston Edmond Émile Joël Régis"
    ).split(),
    ("male", 1): (
        "Philippe Christophe Stéphane Laurent Éric Frédéric Pascal David Nicolas Olivier "
        "Thierry Sébastien Jérôme Bruno "
        "Franck Didier Vincent Cédric Fabrice Xavier Arnaud Ludovic Grégory Mickaël Julien Benoît François Emmanuel "
        "Jean-Marc Jean-François Hervé Samuel Rachid Karim Gilles Denis Raphaël Guillaume Cyril Dominique"
    ).split(),
    ("male", 2): (
        "Lucas Hugo Thomas Théo Enzo Maxime Alexandre Antoine Clément Quentin Romain "
        "Kévin Florian Léo Nathan Louis Jules "
        "Gabriel Arthur Adrien Baptiste Valentin Dylan Mathis Noé Loïc Anthony Corentin "
        "Rayan Mehdi Adam Sacha Tom Timéo "
        "Axel Yanis Gaël Aurélien Ethan Ibrahim"
    ).split(),
}
ENGLISH_GIVEN: dict[str, list[str]] = {
    "female": "Emily Charlotte Olivia Sarah Rebecca Hannah Laura Jessica Helen Susan Margaret Alice Grace".split(),
    "male": "James Oliver Thomas William George Daniel Andrew Matthew Stephen Peter Simon Harry Edward Callum".split(),
}
SPANISH_GIVEN: dict[str, list[str]] = {
    "female": "María Carmen Lucía Pilar Ana Isabel Cristina Elena Marta Paula Sofía Rocío Nuria Inmaculada".split(),
    "male": "José Antonio Manuel Javier Carlos Miguel Pablo Álvaro Sergio Andrés Iñaki Raúl Jesús Joaquín".split(),
}
FAMILY: list[str] = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefèvre Leroy Roux David "
    "Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent "
    "Müller Lefebvre Faure André Mercier "
    "Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry "
    "Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard "
    "Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin "
    "Vidal Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey "
    "Leclerc Payet Rolland Leclercq Guillaume Lecomte Lopez Jean Dupuy Guillot Hubert Berger Carpentier Sanchez Dupuis "
    "Moulin Louis Deschamps Huet Vasseur Perez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty Aubry Guyot "
    "Carré Charles Renault Charpentier Ménard Maillard Baron Bertin Bailly Hervé "
    "Schneider Fernandez Le-Gall Collet Léger "
    "Bouvier Julien Prévost Millet Perrot Daniel Le-Roux Cousin Germain Breton Besson Langlois Rémy Le-Goff Pelletier "
    "Lévêque Perrier Leblanc Barré Lebrun Marchal Weber Mallet Hamon Boulanger Jacob "
    "Monnier Michaud Rodriguez Guichard "
    "Gillet Étienne Grondin Poulain Tessier Chevallier Collin Chauvin Da-Silva Bouchet Gay Lemaître Bénard Maréchal "
    "Humbert Reynaud Antoine Hoarau Perret Barthélemy Cordier Pichon Lejeune Gilbert Lamy Delaunay Pasquier Carlier "
    "Laporte Camara Traoré Diallo Benali Haddad Nguyen Ben-Amar Kowalski Ferreira "
    "Rossi Ndiaye Yılmaz Cohen Lévy Bensaïd "
    "Cissé Boukhari Pham Tran Aït-Ahmed D'Angelo N'Guessan L'Hostis De-La-Tour Du-Pré D'Hervilly Saint-Martin Le-Bihan"
).split()
# Rare family names, made from parts: with frequent ones alone a town would have too many namesakes.
_BEGINNINGS = (
    "Bar Bel Bou Bre Cas Cha Cor Cou Del Dur Fer Fon Gal Gar Gou Gri Jou Lan Len Mal Mar Mon Mor Nau Per Poi Pra Que "
    "Rou Sal Sau Tau Tri Val Ver Vil"
).split()
_MIDDLES = ["", "a", "be", "che", "di", "gue", "li", "ma", "ne", "ro", "ta", "vi"]
_ENDINGS = (
    "bault bert casse champ court del dier don gnac guet lande lard lier lin mier mont nac nier quin rat rel ret rier "
    "rin rot sac sier taud teau tin ton veau vin zac"
).split()
RARE_FAMILY: list[str] = sorted(
    {a + b + c for a in _BEGINNINGS for b in _MIDDLES for c in _ENDINGS} - set(FAMILY)
)
ENGLISH_FAMILY: list[str] = (
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green "
    "Hall Wood Jackson Clarke O'Neill O'Connor MacDonald Harris"
).split()
SPANISH_FAMILY: list[str] = (
    "García González Rodríguez Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno "
    "Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Núñez Iglesias"
).split()
NICKNAMES: dict[str, str] = {
    "Jean-Pierre": "JP",
    "Jean-Claude": "JC",
    "Jean-Paul": "Jean Paul",
    "Anne-Marie": "Anne",
    "Marie-Thérèse": "Marie",
    "Alexandre": "Alex",
    "Catherine": "Cathy",
    "Christophe": "Chris",
    "Frédéric": "Fred",
    "Sébastien": "Seb",
    "Stéphanie": "Steph",
    "Stéphane": "Steph",
    "Nathalie": "Nath",
    "Nicolas": "Nico",
    "Philippe": "Phil",
    "Guillaume": "Guigui",
    "Mathilde": "Mathou",
    "Élisabeth": "Babeth",
    "Isabelle": "Isa",
    "Véronique": "Véro",
    "Sandrine": "Sandy",
    "Maxime": "Max",
    "Benoît": "Ben",
    "Thomas": "Tom",
    "Sophie": "Soph",
    "Caroline": "Caro",
    "Dominique": "Dom",
    "Laurence": "Lolo",
}

# (town, postcode, weight); the streets are made up, the towns are not.
CITIES: list[tuple[str, str, int]] = [
    ("Paris", "75011", 60),
    ("Paris", "75015", 60),
    ("Paris", "75018", 50),
    ("Marseille", "13008", 45),
    ("Lyon", "69003", 50),
    ("Toulouse", "31000", 40),
    ("Nice", "06000", 30),
    ("Nantes", "44000", 35),
    ("Montpellier", "34000", 28),
    ("Strasbourg", "67000", 28),
    ("Bordeaux", "33000", 35),
    ("Lille", "59000", 35),
    ("Rennes", "35000", 28),
    ("Reims", "51100", 16),
    ("Saint-Étienne", "42000", 14),
    ("Le Havre", "76600", 12),
    ("Toulon", "83000", 15),
    ("Grenoble", "38000", 18),
    ("Dijon", "21000", 15),
    ("Angers", "49000", 15),
    ("Nîmes", "30000", 12),
    ("Villeurbanne", "69100", 16),
    ("Clermont-Ferrand", "63000", 14),
    ("Aix-en-Provence", "13100", 14),
    ("Brest", "29200", 13),
    ("Tours", "37000", 13),
    ("Amiens", "80000", 12),
    ("Limoges", "87000", 10),
    ("Annecy", "74000", 12),
    ("Boulogne-Billancourt", "92100", 18),
    ("Metz", "57000", 11),
    ("Besançon", "25000", 11),
    ("Perpignan", "66000", 10),
    ("Orléans", "45000", 11),
    ("Rouen", "76000", 12),
    ("Mulhouse", "68100", 10),
    ("Caen", "14000", 11),
    ("Nancy", "54000", 11),
    ("Saint-Denis", "93200", 14),
    ("Argenteuil", "95100", 10),
    ("Montreuil", "93100", 12),
    ("Roubaix", "59100", 9),
    ("Avignon", "84000", 9),
    ("Poitiers", "86000", 9),
    ("Versailles", "78000", 12),
    ("La Rochelle", "17000", 10),
    ("Pau", "64000", 8),
    ("Quimper", "29000", 8),
    ("Vannes", "56000", 8),
    ("Chambéry", "73000", 8),
    ("Valence", "26000", 7),
    ("Troyes", "10000", 6),
    ("Bourges", "18000", 6),
    ("L'Haÿ-les-Roses", "94240", 6),
    ("Saint-Malo", "35400", 6),
    ("Ajaccio", "20000", 5),
    ("Bayonne", "64100", 6),
    ("Colmar", "68000", 6),
    ("Évreux", "27000", 5),
    ("Albi", "81000", 5),
]
SWISS_CITIES: list[tuple[str, str, int]] = [
    ("Genève", "1201", 4),
    ("Lausanne", "1003", 3),
    ("Nyon", "1260", 1),
]
STREET_KINDS: list[str] = [
    "rue",
    "rue",
    "rue",
    "rue",
    "avenue",
    "boulevard",
    "place",
    "impasse",
    "chemin",
    "allée",
    "quai",
    "cours",
]
STREETS: list[str] = (
    "des-Lilas de-la-République Victor-Hugo du-Moulin des-Écoles de-l'Église Pasteur Jean-Jaurès du-Château de-la-Gare "
    "des-Acacias de-la-Fontaine du-Général-Leclerc des-Tilleuls de-Verdun du-Stade Voltaire de-la-Mairie des-Rosiers "
    "Molière Gambetta du-Lavoir des-Vignes de-la-Paix Émile-Zola des-Cerisiers du-8-Mai-1945 de-l'Abbaye Saint-Michel "
    "des-Jardins de-la-Liberté Lamartine du-Pont des-Peupliers de-la-Forêt Carnot des-Érables du-Port Notre-Dame "
    "de-Bretagne d'Alsace du-Marché de-la-Poste des-Mimosas de-Provence"
).split()
