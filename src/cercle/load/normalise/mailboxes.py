"""Lists of mailboxes that are no person's: roles, stand-ins, throw-away domains; and domains of free mail.

Short on purpose and with the French ones, which the lists on PyPI lack. Names are without dots, hyphens and _.
"""

from __future__ import annotations

__all__ = [
    "DISPOSABLE_DOMAINS",
    "FREE_DOMAINS",
    "ROLE_NAMES",
    "STAND_IN_DOMAINS",
    "STAND_IN_NAMES",
    "STAND_IN_TLD",
]

ROLE_NAMES = frozenset(
    """
    abonnement abonnements abuse accounting accounts achat achats accueil admin administrateur administration
    administratif agence assistance association billing bonjour boutique bureau cabinet campagne candidature
    candidatures careers client clientele clients comm commande commandes commercial commerciale communication compta
    comptabilite contact contactus contacts contentieux customercare customerservice devis direction directeur dpo
    emploi enquiries enquiry espaceclient fabrique facture factures facturation feedback finance ftp gerance gestion
    hello help helpdesk hostmaster hotel hr info infos information informations internet inscription inscriptions it
    jobs juridique legal livraison livraisons logistique magasin mail mailbox mairie marketing media moderation
    newsletter newsletters office orders paie partenaires partenariat postmaster presse press privacy production
    qualite reception reclamation reclamations recrutement renseignement renseignements reservation reservations
    reservas resa responsable retour retours rgpd rh sales sav secretariat security serviceclient serviceclients
    serviceapresvente services shop siege sos standard support syndic tech team technique tresorerie vente ventes
    webmaster welcome atencionalcliente informacion pedidos ventas
    """.split()
)

STAND_IN_NAMES = frozenset(
    """
    aucun aucunemail aucunmail azerty donotreply exemple inconnu maildaemon nc neant nepasrepondre noemail
    nomail none noreply
    norespond null pasdadresse pasdemail pasdemailclient pasmail sansemail sansmail unknown nobody noname
    """.split()
)

# Domains in which people write that they have no address. Not example.com and its kin: made-up worlds live there.
STAND_IN_DOMAINS = frozenset("test.test none.none mail.mail nc.nc aucun.aucun".split())
STAND_IN_TLD = ".invalid"  # RFC 6761

DISPOSABLE_DOMAINS = frozenset(
    """
    0-mail.com 10minutemail.com 10minutemail.net 20minutemail.com anonbox.net armyspy.com burnermail.io cuvox.de
    dayrep.com discard.email discardmail.com dispostable.com dropmail.me einrot.com emailondeck.com fakeinbox.com
    fakemail.net fleckens.hu getairmail.com getnada.com grr.la guerrillamail.biz guerrillamail.com guerrillamail.de
    guerrillamail.net guerrillamail.org guerrillamailblock.com gustr.com haltospam.com incognitomail.org
    inboxkitten.com jetable.com jetable.fr.nf jetable.net jetable.org jourrapide.com kasmail.com link2mail.net
    mail-temporaire.com mail-temporaire.fr mailcatch.com maildrop.cc mailexpire.com mailforspam.com mailinator.com
    mailinator.net mailnesia.com mailnull.com mailsac.com mailtemp.info mintemail.com moakt.com mohmal.com
    mytemp.email
    mytrashmail.com nospam.ze.tc rhyta.com sharklasers.com spam4.me spambox.us spamgourmet.com spamex.com
    superrito.com
    teleworm.us temp-mail.io temp-mail.org tempail.com tempinbox.com tempmail.com tempmail.net tempmailo.com
    tempr.email throwawaymail.com trashmail.com trashmail.de trashmail.fr trashmail.me trashmail.net trbvm.com
    wegwerfmail.de yopmail.com yopmail.fr yopmail.net cool.fr.nf courriel.fr.nf moncourrier.fr.nf monemail.fr.nf
    monmail.fr.nf speed.1s.fr nomail.xl.cx mega.zik.dj
    """.split()
)

FREE_DOMAINS = frozenset(
    """
    gmail.com yahoo.com yahoo.fr yahoo.co.uk yahoo.es ymail.com rocketmail.com hotmail.com hotmail.fr hotmail.co.uk
    hotmail.es hotmail.be live.com live.fr live.be outlook.com outlook.fr outlook.es outlook.be msn.com icloud.com
    me.com mac.com aol.com aol.fr gmx.com gmx.fr gmx.de gmx.net web.de mail.com proton.me protonmail.com pm.me
    tutanota.com zoho.com yandex.com yandex.ru mail.ru orange.fr wanadoo.fr free.fr sfr.fr neuf.fr cegetel.net
    club-internet.fr numericable.fr noos.fr bbox.fr bouygtel.fr laposte.net voila.fr aliceadsl.fr alice.fr
    libertysurf.fr infonie.fr tele2.fr dbmail.com caramail.com skynet.be telenet.be bluewin.ch
    """.split()
)
