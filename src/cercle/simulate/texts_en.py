"""English sentences of customers and of the company, by topic and role."""

from __future__ import annotations

__all__ = ["GENERAL", "GREETINGS", "OPEN", "SIGNATURES", "SUBJECTS"]

GREETINGS = ["Hello, ", "Hi, ", "Dear Sir or Madam, ", "", "Good morning, "]
SIGNATURES = ["", " Thanks.", " Best regards.", " Thank you in advance.", " Please get back to me."]
OPEN: dict[str, list[str]] = {
    "delivery": [
        "I still have not received my parcel with {product}, it is a week late.",
        "my order is marked as delivered but nothing has arrived.",
        "the tracking has not moved for five days, this is unacceptable.",
        "the box was open when it arrived and one item is missing.",
    ],
    "product_defect": [
        "{product} arrived broken, I am very disappointed.",
        "{product} stopped working after two weeks.",
        "a part is missing and I cannot assemble {product}.",
    ],
    "refund": [
        "I have been waiting a month for my refund.",
        "I was charged twice for the same order, please refund me.",
        "I sent {product} back and there is still no refund on my account.",
    ],
    "invoice": [
        "could you send me the invoice for my order?",
        "I need an invoice in the name of my company for {product}.",
    ],
    "stock": ["will {product} be available again soon?", "do you have {product} in your shop in {city}?"],
    "loyalty_points": [
        "my loyalty points from yesterday are missing.",
        "how many points do I need for a gift voucher?",
    ],
    "opening_hours": ["are you open on Sunday in {city}?", "when does the shop in {city} close tonight?"],
    "tablet_app": [
        "when will you have an app for tablets? It would be so handy.",
        "why is there no iPad app yet?",
    ],
    "account_access": ["I can no longer log in to my account.", "the password reset e-mail never arrives."],
    "store_service": [
        "very rude staff in {city} today.",
        "forty minutes at the till in {city}, what a shame.",
    ],
    "praise": [
        "I wanted to thank your team in {city}, great service!",
        "{product} is lovely, I am delighted.",
        "fast delivery and a perfect product, well done.",
    ],
    "campaign": [
        "your TV ad is a disgrace, take it down.",
        "who approved that 'Family trip' ad? Never again. #boycott",
    ],
    "personal_data": ["what data do you hold about me?", "how do I stop your marketing calls?"],
    "price": [
        "the price of {product} at the till was not the one on the shelf.",
        "my promo code was refused although it is valid.",
    ],
}
GENERAL: dict[str, list[str]] = {
    "chase": [
        "I wrote a week ago and nobody has answered.",
        "second reminder, please deal with my request.",
        "any news?",
    ],
    "follow_up": [
        "here is the information you asked for.",
        "thanks, but the problem is not solved.",
        "yes, that is the right item.",
    ],
    "reopen": [
        "the problem is back, so I am writing again.",
        "you said it was solved, but nothing has changed.",
    ],
    "echo": [
        "same here!",
        "I took your advice and I am happy with it.",
        "really? Never had that problem.",
        "where did you buy it?",
    ],
    "thanks": ["thank you, all sorted.", "great, thanks for the quick help."],
    "angry": [
        "your customer service is a disaster, I will never buy from you again.",
        "no answer for weeks, this is outrageous.",
    ],
    "ask": ["please call me back about my request.", "could someone ring me tomorrow morning?"],
    "ack": [
        "We have received your message and will answer as soon as we can.",
        "Your request is registered. This is an automatic message.",
    ],
    "company_ask": [
        "Hello, we are sorry to read this. Could you send us a private message?",
        "Hello, could you give us your order number in private?",
    ],
    "reply": [
        "Hello, we have passed your case on and will come back to you within 48 hours.",
        "Hello, your parcel has been found and will be delivered tomorrow.",
        "Hello, the refund was made today, please allow three working days.",
        "Hello, here is the information that you asked for.",
    ],
    "close": [
        "Your request is now closed. Thank you for your trust.",
        "We hope this answers your question. Have a nice day!",
    ],
    "notice_MAIL": [
        "We confirm your order {order}. It is being prepared.",
        "Good news: your order {order} is on its way.",
    ],
    "notice_SMS": ["Your parcel {order} will be delivered tomorrow."],
    "post": ["Our new collection is here!"],
    "offer": ["Sales call: private sale."],
    "advice": ["Advice on {product}."],
    "pick_up": ["Order {order} picked up."],
    "return": ["Return of order {order}."],
}
SUBJECTS: dict[str, list[str]] = {
    "delivery": ["Parcel not received", "Late delivery"],
    "product_defect": ["Broken item", "Faulty product"],
    "refund": ["Refund", "Charged twice"],
    "invoice": ["Invoice"],
    "stock": ["Availability"],
    "loyalty_points": ["Loyalty points"],
    "opening_hours": ["Opening hours"],
    "tablet_app": ["Tablet app"],
    "account_access": ["Cannot log in"],
    "store_service": ["Complaint"],
    "praise": ["Thank you"],
    "campaign": ["Your advert"],
    "personal_data": ["My data"],
    "price": ["Price", "Promo code"],
    "notice": ["Your order {order}"],
}
