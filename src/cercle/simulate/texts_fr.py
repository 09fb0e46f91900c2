"""French sentences of customers and of the company, by topic and role."""

from __future__ import annotations

__all__ = ["GENERAL", "GREETINGS", "OPEN", "SIGNATURES", "SUBJECTS"]

GREETINGS = [
    "Bonjour, ",
    "Bonjour Madame, Monsieur, ",
    "Bonsoir, ",
    "",
    "",
    "Salut, ",
    "Bonjour à toute l'équipe, ",
    "Hello, ",
]
SIGNATURES = [
    "",
    "",
    " Merci d'avance.",
    " Cordialement.",
    " Merci de votre réponse.",
    " Bonne journée.",
    " Dans l'attente de vous lire.",
    " Merci !",
]
OPEN: dict[str, list[str]] = {
    "delivery": [
        "je n'ai toujours pas reçu mon colis {product}, il devait arriver la semaine dernière.",
        "ma commande est annoncée livrée mais je n'ai rien dans ma boîte aux lettres.",
        "le suivi de ma livraison n'a pas bougé depuis cinq jours, c'est inadmissible.",
        "le livreur est passé sans sonner et mon colis est reparti à l'entrepôt.",
        "colis abîmé à la livraison, le carton était ouvert et il manque un article.",
        "où est ma commande ? Dix jours de retard et aucune nouvelle de votre part.",
    ],
    "product_defect": [
        "l'article {product} est arrivé cassé, je suis très déçu.",
        "le produit {product} ne fonctionne plus après deux semaines d'utilisation.",
        "la couture de l'article {product} a lâché dès le premier jour, qualité lamentable.",
        "il manque une pièce dans la boîte, impossible de monter {product}.",
        "la couleur de {product} ne correspond pas du tout à la photo du site.",
    ],
    "refund": [
        "j'attends mon remboursement depuis un mois, quand allez-vous me rembourser ?",
        "vous m'avez remboursé une partie seulement, il manque de l'argent.",
        "j'ai renvoyé {product} et je ne vois aucun remboursement sur mon compte.",
        "deux fois débité pour la même commande, je demande le remboursement immédiat.",
    ],
    "invoice": [
        "pourriez-vous m'envoyer la facture de ma commande ?",
        "il me faut une facture au nom de mon entreprise pour {product}.",
        "où puis-je télécharger la facture de mon dernier achat ?",
    ],
    "stock": [
        "est-ce que {product} sera de nouveau disponible prochainement ?",
        "avez-vous {product} en magasin à {city} ?",
        "la taille M est-elle encore en stock pour {product} ?",
        "quand rentrez-vous {product} en bleu ?",
    ],
    "loyalty_points": [
        "mes points de fidélité de l'achat d'hier n'apparaissent pas sur ma carte.",
        "combien de points faut-il pour avoir le chèque cadeau ?",
        "ma carte de fidélité est perdue, comment en obtenir une autre ?",
    ],
    "opening_hours": [
        "êtes-vous ouverts dimanche au magasin de {city} ?",
        "quels sont vos horaires pendant les fêtes à {city} ?",
        "le magasin de {city} ferme à quelle heure ce soir ?",
    ],
    "tablet_app": [
        "à quand une application pour tablette ? Ce serait tellement pratique.",
        "pourquoi n'avez-vous pas d'application iPad comme les autres enseignes ?",
        "je voudrais commander depuis ma tablette, il faudrait vraiment une appli.",
        "une application mobile serait la bienvenue, votre site est pénible sur tablette.",
    ],
    "account_access": [
        "je n'arrive plus à me connecter à mon compte client.",
        "mon mot de passe ne marche plus et je ne reçois pas le mail de réinitialisation.",
        "comment changer l'adresse de mon compte ?",
    ],
    "store_service": [
        "accueil désagréable au magasin de {city}, la vendeuse n'a même pas dit bonjour.",
        "quarante minutes d'attente en caisse à {city}, une honte.",
        "personne pour me renseigner au rayon, j'ai quitté le magasin sans rien acheter.",
    ],
    "praise": [
        "je voulais remercier votre équipe de {city}, service impeccable !",
        "{product} est magnifique, je suis ravie de mon achat.",
        "livraison rapide et produit parfait, bravo.",
        "j'adore {product}, merci pour vos conseils !",
        "toujours un plaisir d'acheter chez vous, continuez comme ça.",
    ],
    "campaign": [
        "votre spot TV est une honte, se moquer des gens qui ratent leur train en pleine grève !",
        "qui a validé cette publicité « Voyage en famille » ? C'est indécent.",
        "après votre pub à la télé, je ne mettrai plus les pieds chez vous. #boycott",
        "cette pub est choquante, retirez-la.",
    ],
    "personal_data": [
        "quelles données avez-vous sur moi et d'où viennent-elles ?",
        "comment ne plus recevoir vos publicités par téléphone ?",
        "je souhaite savoir à qui vous transmettez mon adresse.",
    ],
    "price": [
        "le prix affiché de {product} n'est pas celui de la caisse.",
        "code promo refusé au paiement alors qu'il est valable jusqu'à dimanche.",
        "{product} a augmenté de vingt pour cent en un mois, c'est du vol.",
    ],
}
GENERAL: dict[str, list[str]] = {
    "chase": [
        "je me permets de relancer, je n'ai eu aucune réponse à mon message.",
        "toujours pas de réponse de votre part, cela fait une semaine.",
        "je relance pour la deuxième fois, merci de traiter ma demande.",
        "allez-vous me répondre un jour ?",
    ],
    "follow_up": [
        "voici les informations demandées, le nom sur la commande est bien le mien.",
        "je vous envoie la photo comme convenu.",
        "merci pour votre retour, mais le problème n'est pas réglé.",
        "d'accord, et combien de temps cela va-t-il prendre ?",
        "je confirme, c'est bien cet article.",
    ],
    "reopen": [
        "le problème est revenu, je rouvre donc ma demande.",
        "vous aviez dit que c'était réglé, or rien n'a changé.",
        "encore le même souci, merci de reprendre mon dossier.",
    ],
    "echo": [
        "pareil pour moi !",
        "entièrement d'accord avec toi.",
        "moi je l'ai depuis un an, jamais déçue.",
        "j'ai suivi ton conseil et je ne regrette pas.",
        "ah bon ? Je n'ai jamais eu ce problème.",
        "tu l'as acheté où exactement ?",
        "merci pour l'info, je vais voir en magasin.",
    ],
    "thanks": [
        "merci beaucoup, c'est réglé.",
        "parfait, merci pour votre aide rapide.",
        "super, j'ai bien reçu, bonne journée à vous.",
    ],
    "angry": [
        "votre service client est aux abonnés absents, je n'achèterai plus jamais chez vous.",
        "aucune réponse à mes mails depuis des semaines, c'est scandaleux.",
        "j'en ai assez d'être baladé d'un service à l'autre, je vais saisir la DGCCRF.",
        "honteux, zéro pour le service après-vente.",
    ],
    "ask": [
        "merci de me rappeler au sujet de ma demande.",
        "pouvez-vous me téléphoner demain matin ?",
        "je souhaite être rappelé par un conseiller.",
    ],
    "ack": [
        "Nous avons bien reçu votre message et vous répondrons dans les meilleurs délais.",
        "Votre demande est enregistrée. Ceci est un message automatique, merci de ne pas y répondre.",
    ],
    "company_ask": [
        "Bonjour, nous sommes désolés de cette situation. Pouvez-vous nous écrire en message privé ?",
        "Bonjour, pourriez-vous nous communiquer votre numéro de commande en privé ?",
    ],
    "reply": [
        "Bonjour, nous avons transmis votre dossier au service concerné et revenons vers vous sous 48 heures.",
        "Bonjour, votre colis est localisé, il vous sera présenté demain.",
        "Bonjour, nous procédons à l'échange de l'article, vous recevrez une étiquette de retour.",
        "Bonjour, le remboursement a été effectué ce jour, comptez trois jours ouvrés.",
        "Bonjour, voici l'information demandée. Nous restons à votre disposition.",
        "Bonjour, toutes nos excuses pour ce désagrément. Un bon d'achat vous est offert.",
    ],
    "close": [
        "Votre demande est maintenant close. Merci de votre confiance.",
        "Nous espérons avoir répondu à votre question. Belle journée !",
    ],
    "notice_MAIL": [
        "Nous vous confirmons votre commande {order}. Elle est en préparation.",
        "Bonne nouvelle : votre commande {order} est en route.",
    ],
    "notice_SMS": [
        "Votre colis {order} sera livre demain entre 8h et 13h.",
        "Votre colis {order} vous attend au point relais.",
    ],
    "post": [
        "Notre nouvelle collection est arrivée, venez la découvrir en magasin !",
        "Quelle est votre pièce préférée de la saison ? Dites-le en commentaire.",
        "Idée du week-end : une table d'été avec {product}.",
        "Dans les coulisses de notre atelier : la fabrication de {product}.",
        "Concours : partagez ce message et gagnez un bon d'achat.",
    ],
    "offer": [
        "Appel commercial: présentation des ventes privées.",
        "Appel aux clients fidèles: invitation à la soirée.",
    ],
    "advice": [
        "Conseil sur {product}.",
        "Demande de conseil, le client revient samedi.",
        "Essayage, achat prévu.",
    ],
    "pick_up": ["Retrait de la commande {order}."],
    "return": ["Retour de la commande {order}, article {product}.", "Reprise, remboursement sur la carte."],
}
SUBJECTS: dict[str, list[str]] = {
    "delivery": ["Colis non reçu", "Problème de livraison", "Retard de livraison"],
    "product_defect": ["Produit défectueux", "Article cassé", "Garantie"],
    "refund": ["Remboursement", "Demande de remboursement", "Erreur de débit"],
    "invoice": ["Facture", "Demande de facture"],
    "stock": ["Disponibilité d'un article", "Question produit"],
    "loyalty_points": ["Points de fidélité", "Carte de fidélité"],
    "opening_hours": ["Horaires", "Question"],
    "tablet_app": ["Application tablette", "Suggestion"],
    "account_access": ["Connexion impossible", "Mon compte"],
    "store_service": ["Accueil en magasin", "Réclamation"],
    "praise": ["Merci", "Bravo"],
    "campaign": ["Votre publicité", "Spot TV"],
    "personal_data": ["Mes données personnelles", "RGPD"],
    "price": ["Prix", "Code promo"],
    "notice": ["Votre commande {order}"],
}
